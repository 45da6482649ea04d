"""Only plain files of the contract's names are copied, from a folder that may be anything."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.run_contract import Limits
from lovt_bench.benchmark.runtime.take_over import RejectedError, copy_backbone

LIMITS = Limits(manifest_bytes=100, weights_bytes=1000)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output" / "backbone"
    folder.mkdir(parents=True)
    (folder / "backbone.json").write_text("{}")
    (folder / "backbone.onnx").write_bytes(b"graph")
    return folder.parent


def test_copies_are_new_files(output: Path, tmp_path: Path):
    copy_backbone(output, tmp_path / "taken", LIMITS)
    (output / "backbone" / "backbone.onnx").write_bytes(b"changed later")
    assert (tmp_path / "taken" / "backbone.onnx").read_bytes() == b"graph"
    assert sorted(path.name for path in (tmp_path / "taken").iterdir()) == ["backbone.json", "backbone.onnx"]
    assert (tmp_path / "taken" / "backbone.onnx").stat().st_mode & 0o7777 == 0o644


def test_the_rest_of_a_method_is_taken_too(output: Path, tmp_path: Path):
    (output / "backbone" / "analysis.safetensors").write_bytes(b"heads")
    copy_backbone(output, tmp_path / "taken", LIMITS)
    assert (tmp_path / "taken" / "analysis.safetensors").read_bytes() == b"heads"


def link(folder: Path) -> None:
    (folder / "backbone.safetensors").symlink_to("/etc/passwd")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "backbone.safetensors")


def folder_for_file(folder: Path) -> None:
    (folder / "backbone.safetensors").mkdir()


def hard(folder: Path) -> None:
    (folder / "backbone.safetensors").hardlink_to(folder / "backbone.onnx")


def device(folder: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root makes device files")
    os.mknod(folder / "backbone.safetensors", 0o600 | 0o020000, os.makedev(1, 5))


def large(folder: Path) -> None:
    (folder / "backbone.safetensors").write_bytes(bytes(1001))


def hidden(folder: Path) -> None:
    (folder / ".x").touch()


def alone(folder: Path) -> None:
    (folder / "backbone.onnx").rename(folder / "analysis.safetensors")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (link, "no plain file"),
        (pipe, "no plain file"),
        (folder_for_file, "no plain file"),
        (hard, "has 2 names"),
        (device, "no plain file"),
        (large, "1,001 bytes; at most 1,000"),
        (hidden, "holds '.x'; only"),
        (alone, "holds neither"),
    ],
)
def test_everything_else_is_refused(output: Path, tmp_path: Path, spoil: Callable[[Path], None], reason: str):
    spoil(output / "backbone")
    with pytest.raises(RejectedError, match=reason):
        copy_backbone(output, tmp_path / "taken", LIMITS)


def test_the_folder_itself_is_no_link(output: Path, tmp_path: Path):
    (output / "backbone").rename(output / "other")
    with pytest.raises(RejectedError, match="left no folder"):
        copy_backbone(output, tmp_path / "taken", LIMITS)
    (output / "backbone").symlink_to(output / "other")
    with pytest.raises(RejectedError, match="no folder that can be read"):
        copy_backbone(output, tmp_path / "taken", LIMITS)
