"""`lovt-bench pretrain --rehearse`, and when a run is rehearsed without being asked to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.pretrain import pretrain
from lovt_bench.benchmark.contract.corpus import CorpusManifest, CorpusSplit
from lovt_bench.benchmark.contract.run_contract import Limits
from lovt_bench.benchmark.runtime.outputs import Outputs
from lovt_bench.benchmark.runtime.rehearsal_passed import remember
from lovt_bench.benchmark.runtime.rehearse import LONG_RUN_IMAGES, is_due
from lovt_bench.benchmark.runtime.request import Request
from tests.benchmark.runtime.own_method import write_method
from tests.submissions.tiny_corpus import write_corpus

STAGES = ["build", "corpus", "start", "steps", "stop", "resume", "export", "check", "space"]
SMALL = ("image_side=32", "batch_size=64", "projection_hidden=32", "projection_dim=16")


def request(**changes: Any) -> Request:
    fields: dict[str, Any] = {
        "method": "byol", "variant": None, "fraction": None, "profile": "paper", "seed": 1, "settings": {},
        "name": None, "resume": False, "force": False, "device": "cpu", "devices": None, "workers": None,
        "time_limit": None, "hard_limit": None, "wandb": None, "online_evaluation": True, "runtime": "process",
        "image": None, "base_image": None, "build_network": None, "limits": Limits(), "assets": None,
        "workspace": Path(), "corpus": Path, **changes,
    }  # fmt: skip
    return Request(**fields)


def test_a_long_run_is_rehearsed_once_and_no_other(tmp_path: Path) -> None:
    found = CorpusManifest.model_validate_json((write_corpus(tmp_path / "c") / "corpus.json").read_bytes())
    splits = {**found.splits, "train": CorpusSplit(studies=1, images=2 * LONG_RUN_IMAGES)}
    manifest = found.model_copy(update={"splits": splits})
    outputs = Outputs(tmp_path / "pretraining" / "byol")

    def due(fraction: float = 1.0, **changes: Any) -> bool:
        return is_due(request(**changes), manifest, fraction, outputs, "digest")

    assert due()
    assert not due(fraction=0.5)
    assert not due(profile="demo")
    assert not due(resume=True)
    assert not due(rehearse=False)
    assert not is_due(request(), None, 1.0, outputs, "digest"), "a method that reads no corpus"
    remember(outputs, "another")
    assert due()
    remember(outputs, "digest")
    assert not due()


def test_a_rehearsal_is_of_a_new_run(tmp_path: Path) -> None:
    result = CliRunner().invoke(pretrain, ["byol", "--rehearse", "--resume", "--workspace", str(tmp_path)])
    assert result.exit_code == 2
    assert "--rehearse is of a new run; leave --resume out" in result.output


def rehearse(
    workspace: Path, method: str, *more: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lovt_bench.benchmark.cli.main", "pretrain", method, "--rehearse", *more]
    command += ["--runtime", "process", "--device", "cpu", "--workspace", str(workspace)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )


def everything(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "settings"), [("byol", ("image_side=32", "source_side=48")), ("lovt", SMALL)]
)
def test_a_method_of_this_repository_passes_and_leaves_a_note_only(
    tmp_path: Path, method: str, settings: tuple[str, ...]
) -> None:
    write_corpus(tmp_path / "corpora" / "mimic-cxr", train=40, validation=6)
    before = everything(tmp_path)
    sets = [part for setting in settings for part in ("--set", setting)]
    done = rehearse(tmp_path, method, "--profile", "demo", *sets)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split(": ")[0].split() for line in done.stdout.splitlines() if line.startswith("ok ")]
    assert [words[1] for words in lines] == STAGES, done.stdout
    assert "went on with epoch" in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith("rehearsal passed in ")
    assert last.endswith("Next: the same command without --rehearse")
    (note,) = everything(tmp_path) - before
    assert note.startswith(f"pretraining/.runs/{method}")
    assert note.endswith(".rehearsed")


def test_a_failed_rehearsal_ends_with_one_and_says_what_to_do(tmp_path: Path) -> None:
    environment = write_method(tmp_path / "methods", "import absent")
    done = rehearse(tmp_path / "workspace", "mine", **environment)
    assert done.returncode == 1, done.stdout
    assert "error    start: ended with exit code 1" in done.stdout
    assert "         -> install what brings absent into this environment" in done.stdout
    assert "         | ModuleNotFoundError: No module named 'absent'" in done.stdout
    assert "the rehearsal found 1 error in" in done.stderr
    assert everything(tmp_path / "workspace") == set()


def test_a_long_run_does_not_begin_after_a_rehearsal_that_failed(tmp_path: Path) -> None:
    """The corpus is said to be large: the method reads none of it."""
    script = "import os\nprint(os.environ.get('LOVT_BENCH_REHEARSAL'), flush=True)\nsys.exit(65)"
    environment = write_method(tmp_path / "methods", script)
    declared = tmp_path / "methods" / "mine" / "submission.yaml"
    learns = {"corpus": "images", "variants": {"100": {}}}
    declared.write_text(json.dumps({**json.loads(declared.read_text()), **learns}))
    workspace = tmp_path / "workspace"
    large = write_corpus(workspace / "corpora" / "mimic-cxr") / "corpus.json"
    said = json.loads(large.read_text())
    said["splits"]["train"]["images"] = LONG_RUN_IMAGES + 1
    large.write_text(json.dumps(said))
    command = [
        sys.executable,
        "-m",
        "lovt_bench.benchmark.cli.main",
        "pretrain",
        "mine",
        "--runtime",
        "process",
    ]
    command += ["--device", "cpu", "--workspace", str(workspace)]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *more], capture_output=True, text=True, check=False, env={**os.environ, **environment}
        )

    done = run()
    assert done.returncode == 1
    assert "--no-rehearse starts the run all the same" in done.stderr
    assert "         | 1\n" in done.stdout
    assert not (workspace / "pretraining" / "mine").exists()
    done = run("--no-rehearse")
    assert "bad-data: mine ended with exit code 65" in done.stderr
    assert "None" in done.stdout
