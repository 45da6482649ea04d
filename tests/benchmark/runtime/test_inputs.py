"""A pre-training is done again when, and only when, something it depends on has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.runtime.inputs import PretrainInputs, corpus_digest, method_digest

INPUTS = PretrainInputs(
    method="m", method_sha256="0" * 64, seed=1, settings={"a": "1", "b": "2"}, corpus_sha256="1" * 64
)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "n"},
        {"method_sha256": "2" * 64},
        {"seed": 2},
        {"settings": {"a": "1"}},
        {"corpus_sha256": "2" * 64},
    ],
)
def test_every_input_counts(change: dict) -> None:
    assert replace(INPUTS, **change).digest() != INPUTS.digest()


def test_order_of_settings_does_not_count() -> None:
    assert replace(INPUTS, settings={"b": "2", "a": "1"}).digest() == INPUTS.digest()


def test_corpus_is_known_by_manifest_and_tables(tmp_path: Path) -> None:
    (tmp_path / "mimic-cxr-jpg_2-0-0").mkdir()
    empty = corpus_digest(tmp_path)
    (tmp_path / "phantom.json").write_text("{}")
    manifest = corpus_digest(tmp_path)
    (tmp_path / "mimic-cxr-jpg_2-0-0" / "split.csv.gz").write_bytes(b"x")
    assert len({empty, manifest, corpus_digest(tmp_path)}) == 3


def test_method_is_known_by_its_code_not_by_its_page(tmp_path: Path) -> None:
    (tmp_path / "pretrain.py").write_text("x = 1")
    before = method_digest(tmp_path)
    (tmp_path / "README.md").write_text("words")
    assert method_digest(tmp_path) == before
    (tmp_path / "pretrain.py").write_text("x = 2")
    assert method_digest(tmp_path) != before
