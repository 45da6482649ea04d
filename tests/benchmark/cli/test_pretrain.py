"""`lovt-bench pretrain` from the outside; the method runs in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.backbone.folder import read_manifest
from benchmark.cli.pretrain import pretrain
from tests.submissions.phantom_supervised.tiny_corpus import write_tiny_corpus

SETTINGS = ("--set", "architecture=resnet18", "--set", "steps=2", "--set", "batch=4", "--set", "side=64")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("imagenet",), 1, "needs no pre-training; evaluate it: `lovt-bench evaluate imagenet`"),
        (("absent",), 1, "no submission 'absent'; there: imagenet, phantom_supervised, random"),
        (("../random",), 1, "no submission '../random'"),
        (("phantom_supervised",), 1, "`lovt-bench data phantom` writes one"),
        (("phantom_supervised", "--set", "steps"), 2, "expected KEY=VALUE, found 'steps'"),
        (("phantom_supervised", "--set", "--x=1"), 2, "expected KEY=VALUE"),
    ],
)
def test_mistakes_end_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = CliRunner().invoke(pretrain, [*arguments, "--workspace", str(tmp_path)])
    assert result.exit_code == code, result.output
    assert message in result.output


@pytest.mark.slow
def test_a_method_is_run_checked_and_not_run_again(tmp_path: Path) -> None:
    write_tiny_corpus(tmp_path / "phantom" / "mimic-cxr")
    command = [sys.executable, "-m", "benchmark.cli.main", "pretrain", "phantom_supervised", *SETTINGS]
    command += ["--workspace", str(tmp_path)]
    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "step   2/2: training loss" in first.stdout
    assert "validation: loss" in first.stdout
    root = tmp_path / "backbones" / "phantom_supervised"
    manifest = read_manifest(root)
    assert manifest.onnx_sha256 is not None
    assert manifest.provenance.method == "phantom_supervised"
    assert manifest.provenance.seed == 12345
    assert manifest.provenance.hyperparameters["steps"] == 2
    assert manifest.provenance.seconds
    assert [path.name for path in root.parent.iterdir()] == ["phantom_supervised"]

    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "made from the same inputs" in second.stdout
    assert read_manifest(root) == manifest

    bad = subprocess.run([*command, "--set", "stepz=3"], capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert "stepz: Extra inputs are not permitted. Settings: architecture, side, steps" in bad.stderr
    assert "ended with exit code 1" in bad.stderr
    assert read_manifest(root) == manifest
