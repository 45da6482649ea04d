"""What becomes of an attached audit when `submit --force` or `backbone export --force` replaces its backbone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main
from tests.benchmark.backbone.understand import wild

REPORT = b'{"algorithm": 1}\n'


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for seed, name in enumerate(("one.pth", "two.pth")):
        torch.save(wild.state(seed=seed), tmp_path / name)
    return tmp_path / "workspace"


def call(workspace: Path, *arguments: str) -> str:
    whole = [*arguments, "--arch", "resnet18", "--no-onnx", "--workspace", str(workspace)]
    result = CliRunner().invoke(main, whole)
    assert result.exit_code == 0, result.output
    return result.output


def submit(workspace: Path, weights: str, *arguments: str) -> str:
    place = (
        "--weights",
        str(workspace.parent / weights),
        "--submissions",
        str(workspace.parent / "declared"),
    )
    return call(workspace, "submit", "mine", *place, *arguments)


def attach(workspace: Path) -> tuple[Path, Path]:
    """Put a report beside the backbone and beside the declaration, as for a pull request."""
    places = workspace / "backbones" / "mine", workspace.parent / "declared" / "mine"
    beside, declared = (place / "audit.json" for place in places)
    for path in (beside, declared):
        path.write_bytes(REPORT)
    return beside, declared


@pytest.mark.parametrize("before", [(), ("--pretraining-data", "NIH")])
def test_the_audit_of_the_same_weights_stays(workspace: Path, before: tuple[str, ...]) -> None:
    submit(workspace, "one.pth", *before)
    attached = attach(workspace)
    said = submit(workspace, "one.pth", "--force", "--display-name", "Mine", "--pretraining-data", "NIH")
    for path in attached:
        assert path.read_bytes() == REPORT
        assert f"{path}: kept, it is about these weights" in said
    assert not (workspace / "audits").exists()


@pytest.mark.parametrize(
    ("weights", "data", "reason"),
    [
        ("two.pth", "NIH", "it is about other weights"),
        ("one.pth", "MIMIC-CXR", "other pre-training data were declared when it was attached"),
    ],
)
def test_an_audit_of_something_else_is_laid_aside_and_told(
    workspace: Path, weights: str, data: str, reason: str
) -> None:
    """Else the new row would show counts of a corpus that its weights have never seen."""
    submit(workspace, "one.pth", "--pretraining-data", "NIH")
    attached = attach(workspace)
    said = submit(workspace, weights, "--force", "--pretraining-data", data)
    (aside,) = (workspace / "audits").iterdir()
    assert aside.read_bytes() == REPORT
    for path in attached:
        assert not path.exists()
        assert f"{path}: no longer attached, {reason}; it is now {aside}" in said
    assert f"lovt-bench audit --report {aside} --attach mine" in said


def test_an_export_does_the_same(workspace: Path) -> None:
    audit = workspace / "backbones" / "random-resnet18-4" / "audit.json"
    words = ("backbone", "export", "random", "--seed", "4", "--arch", "resnet18", "--no-onnx", "--force")
    call(workspace, *words)
    audit.write_bytes(REPORT)
    assert "kept" in call(workspace, *words)
    assert audit.read_bytes() == REPORT


def test_what_is_no_plain_file_is_not_followed(workspace: Path) -> None:
    submit(workspace, "one.pth")
    for path in attach(workspace):
        path.unlink()
        path.symlink_to("/etc/passwd")
    said = submit(workspace, "one.pth", "--force")
    assert "audit.json" not in said
    assert not (workspace / "backbones" / "mine" / "audit.json").exists()
