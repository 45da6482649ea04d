"""`analysis.safetensors` is read as a stranger's: whatever is wrong with it is said in one sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from lovt_bench.benchmark.backbone import analysis_file
from lovt_bench.benchmark.backbone.analysis_file import analysis_bytes, open_analysis
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.contract.analysis_file import (
    ANALYSIS_FILE,
    HEADER_ENTRY,
    AnalysisHeader,
    HeadSpec,
    PoolingSpec,
    SideSpec,
    TextSpec,
)
from lovt_bench.benchmark.contract.analysis_tensors import tensors

HEADER = AnalysisHeader(
    method="mine",
    backbone_sha256="1" * 64,
    corpus_sha256="2" * 64,
    image=SideSpec(
        channels=6,
        pooling=PoolingSpec(kind="attention", heads=2, learnt=True),
        global_head=HeadSpec(hidden=5, outputs=3, norm=True),
    ),
    report=SideSpec(
        channels=4,
        pooling=PoolingSpec(kind="maximum"),
        global_head=HeadSpec(hidden=5, outputs=3, norm=False),
    ),
    text=TextSpec(
        name="small",
        layers=1,
        heads=2,
        intermediate=8,
        positions=16,
        types=2,
        embeddings=5,
        activation="gelu",
        layer_norm_eps=1e-12,
        vocabulary=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "heart"],
        lower_case=True,
        limit=16,
    ),
)
MANIFEST: Any = SimpleNamespace(
    sha256="1" * 64, provenance=SimpleNamespace(method="mine"), levels=[SimpleNamespace(channels=6)]
)


def state() -> dict[str, torch.Tensor]:
    kinds = {"F32": torch.float32, "I64": torch.int64}
    return {name: torch.ones(shape, dtype=kinds[dtype]) for name, (shape, dtype) in tensors(HEADER).items()}


def written(folder: Path, header: Any = None, **changes: torch.Tensor | None) -> Path:
    """Write a file; `changes` replace tensors by name, with `__` for points, or take them out."""
    content: dict[str, Any] = state() | {name.replace("__", "."): each for name, each in changes.items()}
    stated = HEADER.model_dump(mode="json") | (header or {})
    kept = {name: each for name, each in content.items() if each is not None}
    save_file(kept, folder / ANALYSIS_FILE, {HEADER_ENTRY: json.dumps(stated)})
    return folder


def read(folder: Path, manifest: Any = MANIFEST) -> dict[str, torch.Tensor]:
    found = open_analysis(folder, manifest)
    return {} if found is None else found.state()


def said(folder: Path, manifest: Any = MANIFEST) -> str:
    with pytest.raises(BackboneError) as error:
        read(folder, manifest)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_was_written_is_read(tmp_path):
    (tmp_path / ANALYSIS_FILE).write_bytes(analysis_bytes(HEADER, state() | {"more": torch.ones(3)}))
    found = open_analysis(tmp_path, MANIFEST)
    assert found is not None
    assert found.header == HEADER
    there = found.state()
    assert there.keys() == state().keys()
    assert all(torch.equal(there[name], each) for name, each in state().items())
    assert open_analysis(tmp_path / "elsewhere", MANIFEST) is None


def test_a_file_of_another_backbone_or_method_is_refused(tmp_path):
    written(tmp_path)
    other = SimpleNamespace(**{**vars(MANIFEST), "sha256": "3" * 64})
    assert "belongs to the backbone 111111111111 of mine, backbone.json says 333333333333" in said(
        tmp_path, other
    )
    other = SimpleNamespace(**{**vars(MANIFEST), "provenance": SimpleNamespace(method="theirs")})
    assert "is of the method mine, backbone.json says theirs" in said(tmp_path, other)
    other = SimpleNamespace(**{**vars(MANIFEST), "levels": [SimpleNamespace(channels=7)]})
    assert "takes regions of 6 channels, the deepest level has 7" in said(tmp_path, other)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a shape": (
        {"image_global_head__inner__weight": torch.ones(5, 7)},
        r"inner\.weight \(expected F32 \[5, 6\], found F32 \[5, 7\]\)",
    ),
    "a dtype": (
        {"report_global_head__outer__bias": torch.ones(3).half()},
        r"expected F32 \[3\], found F16 \[3\]",
    ),
    "one missing": ({"text__bert__embeddings__LayerNorm__bias": None}, "1 tensors are missing"),
    "one more": ({"secret": torch.ones(2)}, "1 tensors are unexpected: secret"),
    "no number": (
        {"image_global_head__inner__bias": torch.full((5,), torch.nan)},
        r"NaN or infinity in 1 tensors: image_global_head\.inner\.bias",
    ),
}


@pytest.mark.parametrize(("changes", "words"), WRONG.values(), ids=WRONG)
def test_tensors_that_are_not_what_the_header_says(tmp_path, changes, words):
    assert re.search(words, said(written(tmp_path, **changes)))


def test_names_of_tensors_are_shown_in_part(tmp_path):
    words = said(written(tmp_path, **{"x" * 2000 + "\x1b[2J": torch.ones(2)}))
    assert "1 tensors are unexpected: xxx" in words
    assert "…; export the backbone again, or remove the file" in words
    assert len(words) < 700


WIDE = {"hidden": 1, "outputs": 65536, "norm": False}


def text(**changes: Any) -> dict[str, Any]:
    return {"text": HEADER.text.model_dump(mode="json") | changes}


HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "a later version": ({"schema_version": 2}, "schema_version"),
    "a field that there is not": ({"code": "import os"}, "code: there is no such field"),
    "a name that leads elsewhere": ({"method": "../other"}, "method: "),
    "a size beyond any": (text(intermediate=1 << 40), "intermediate: .*less than or equal to 65536"),
    "heads that do not divide": (text(heads=3), "3 heads of the text model do not divide"),
    "more tokens than rows": (text(embeddings=4), "5 tokens, but a table of 4"),
    "a token that stands twice": (
        text(vocabulary=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[PAD]"]),
        "1 tokens of the vocabulary are there twice",
    ),
    "no token for padding": (text(vocabulary=["a", "[UNK]", "[CLS]", "[SEP]"]), r"lacks \[PAD\]"),
    "more channels than the analysis can hold": (
        {"image": HEADER.image.model_dump(mode="json") | {"global_head": WIDE}},
        "outputs: .*less than or equal to 4096",
    ),
    "an activation that is none": (text(activation="eval"), "activation"),
    "layers outside without a digest": (text(outside_layers=1), "outside_sha256 belongs to"),
    "one side alone projected": (
        {"report": HEADER.report.model_dump(mode="json") | {"global_head": None}},
        "global_head: both sides have one",
    ),
    "attention between nothing": ({"cross_attention": True}, "local heads are missing"),
}


@pytest.mark.parametrize(("header", "words"), HEADERS.values(), ids=HEADERS)
def test_headers_that_say_what_cannot_be(tmp_path, header, words):
    assert re.search(words, said(written(tmp_path, header)))


def test_files_that_are_none(tmp_path, monkeypatch):
    path = tmp_path / ANALYSIS_FILE
    path.symlink_to("/etc/passwd")
    assert "is no plain file" in said(tmp_path)
    path.unlink()
    path.write_bytes(b"\x04\0\0\0\0\0\0\0{}")
    assert "not a readable safetensors file" in said(tmp_path)
    path.write_bytes((1 << 40).to_bytes(8, "little") + b"{}")
    assert "has a header of 1,099,511,627,776 bytes; at most 16,777,216 are read" in said(tmp_path)
    save_file(state(), path)
    assert "has no entry 'analysis' in its header" in said(tmp_path)
    monkeypatch.setattr(analysis_file, "ANALYSIS_BYTES", 100)
    assert "at most 100 are read" in said(written(tmp_path))


def test_what_nobody_would_read_is_not_written(monkeypatch):
    for limit in ("ANALYSIS_BYTES", "HEADER_BYTES"):
        with monkeypatch.context() as changed:
            changed.setattr(analysis_file, limit, 100)
            with pytest.raises(BackboneError, match="is not written: it would have"):
                analysis_bytes(HEADER, state())


def test_what_is_not_finite_or_lacks_a_tensor_is_not_written():
    broken = state()
    broken["image_pooling.attention.in_proj_bias"][0] = torch.inf
    with pytest.raises(BackboneError, match=r"is not written: NaN or infinity in image_pooling"):
        analysis_bytes(HEADER, broken)
    del broken["image_pooling.attention.in_proj_bias"]
    with pytest.raises(BackboneError, match="is not written: 1 tensors are missing"):
        analysis_bytes(HEADER, broken)
