"""`lovt-bench pretrain` from the outside; the method runs in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.backbone.folder import read_manifest
from lovt_bench.benchmark.cli.pretrain import pretrain
from tests.submissions.tiny_corpus import write_corpus

SMALL = (
    "--set",
    "image_side=32",
    "--set",
    "source_side=48",
    "--set",
    "batch_size=4",
    "--set",
    "max_epochs=1",
)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("random",), 1, "needs no pre-training; evaluate it: `lovt-bench evaluate random`"),
        (("absent",), 1, "no submission 'absent'; there: byol, chexpert, clip"),
        (("../random",), 1, "no submission '../random'"),
        (("byol", "--variant", "slow"), 1, "byol has no variant 'slow'; there: 100, 30"),
        (("byol", "--profile", "tiny"), 1, "byol has no profile 'tiny'; there: paper, demo"),
        (("byol",), 1, "no corpus 'mimic-cxr'"),
        (("phantom_masks",), 1, "is not there yet; draw it with: lovt-bench corpus phantom-masks"),
        (("byol", "--corpus", "../secret"), 1, "no corpus '../secret'"),
        (("byol", "--name", "../up"), 1, "is no backbone name"),
        (("byol", "--name", "toy.verdict"), 1, "not ending like a file of the harness"),
        (
            ("byol", "--name", "imagenet"),
            1,
            "the name imagenet is kept for the backbones that are always there",
        ),
        (("byol", "--name", "random-2"), 1, "the name random-2 is kept"),
        (
            ("byol", "--set", "learning_rate=NaN"),
            1,
            "--set: learning_rate=NaN has a number that JSON does not have",
        ),
        (("byol", "--set", "learning_rate=1e999"), 1, "has a number that JSON does not have"),
        (("byol", "--set", "steps"), 2, "expected KEY=VALUE, found 'steps'"),
        (("byol", "--set", "--x=1"), 2, "expected KEY=VALUE"),
        (("byol", "--accept-changes"), 2, "--accept-changes lets a run go on: give --resume, too"),
        (("byol", "--fraction", "0"), 2, "0<x<=1"),
        (("byol", "--memory", "much"), 2, "'much' is no size; expected for example 512m or 8g"),
        (("./absent",), 1, "no such folder; expected one with submission.yaml"),
    ],
)
def test_mistakes_end_in_a_sentence(
    tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = CliRunner().invoke(pretrain, [*arguments, "--workspace", str(tmp_path)])
    assert result.exit_code == code, result.output
    assert message in result.output


def test_no_method_gets_the_corpus_that_tells_the_phantoms_answers(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpora" / "phantom-masks", masks=True)
    options = ["--corpus", "phantom-masks", "--workspace", str(tmp_path), "--runtime", "process"]
    for method in ("labels", "byol"):
        result = CliRunner().invoke(pretrain, [method, *options])
        assert result.exit_code == 1
        assert f"it is for controls (supervision: control), and {method} is a method" in result.output


def external(folder: Path, **fields: str) -> Path:
    folder.mkdir()
    declared = {"name": "mine", "display_name": "Mine", "supervision": "unknown", **fields}
    (folder / "submission.yaml").write_text(
        "".join(f"{key}: {json.dumps(value)}\n" for key, value in declared.items())
    )
    return folder


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "--runtime process is for this repository's own methods"),
        ({"module": "submissions.byol.pretrain"}, "--runtime process is for this repository's own methods"),
        ({"name": "lovt"}, "takes the name 'lovt' of a method of this repository"),
        ({"display_name": "lovt"}, "the display name 'lovt' reads like 'LoVT'"),
        ({"display_name": "<b>Mine</b>"}, "plain text on one line, without < > &"),
        ({"display_name": "a\u202eb"}, "plain text on one line"),
    ],
)
def test_code_from_elsewhere_gets_no_process_and_no_other_name(
    tmp_path: Path, fields: dict[str, str], message: str
) -> None:
    folder = external(tmp_path / "mine", **fields)
    arguments = [str(folder), "--runtime", "process", "--workspace", str(tmp_path / "w")]
    result = CliRunner().invoke(pretrain, arguments)
    assert result.exit_code == 1, result.output
    assert message in result.output


@pytest.mark.slow
def test_a_method_is_run_checked_and_not_run_again(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpora" / "mimic-cxr", train=12)
    command = [
        sys.executable,
        "-m",
        "lovt_bench.benchmark.cli.main",
        "pretrain",
        "byol",
        "--profile",
        "demo",
        *SMALL,
    ]
    command += ["--workspace", str(tmp_path), "--fraction", "0.5", "--device", "cpu", "--runtime", "process"]
    command += ["--name", "byol-50"]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *more],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    first = run()
    assert first.returncode == 0, first.stdout + first.stderr
    assert "epoch 1/1" in first.stdout
    assert "runtime: process, as asked: not isolated, with your powers" in first.stdout
    root = tmp_path / "backbones" / "byol-50"
    provenance = read_manifest(root).provenance
    assert (provenance.method, provenance.variant, provenance.fraction) == ("byol", "100", 0.5)
    assert (provenance.seed, provenance.profile) == (12345, "demo")
    assert provenance.hyperparameters["batch_size"] == 4
    assert provenance.inputs_sha256
    assert provenance.pretraining_data == ["ImageNet-1k", "tiny corpus"]
    assert (provenance.supervision, str(provenance.paper)) == ("self", "https://arxiv.org/abs/2006.07733")
    assert [path.name for path in root.parent.iterdir()] == ["byol-50"]
    left = {path.name for path in (tmp_path / "pretraining" / "byol-50").iterdir()}
    assert left == {"checkpoints", "logs"}

    second = run()
    assert "made from the same inputs" in second.stdout

    other = run("--seed", "9", "--set", "max_epochs=2")
    assert other.returncode == 1
    assert "byol-50 is a finished backbone from other inputs and is not replaced: " in other.stderr
    assert (
        "seed was 12345, is 9; setting max_epochs was 1, is 2. Keep both with another --name" in other.stderr
    )
    assert read_manifest(root).provenance == provenance

    bad = run("--set", "width=3", "--name", "wrong")
    assert bad.returncode == 1
    assert "there is no setting 'width'" in bad.stdout
    assert "ended with exit code 64" in bad.stderr
    assert [path.name for path in root.parent.iterdir()] == ["byol-50"]
