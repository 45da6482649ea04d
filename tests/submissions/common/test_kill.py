"""A pre-training process that is killed goes on with `--resume` and leaves the weights of an unbroken one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.contract.exit_codes import ExitCode
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.submissions.common import checkpoints, entry, export
from lovt_bench.submissions.common.entry import command
from tests.submissions.tiny_corpus import write_corpus
from tests.submissions.toy.pretrain import Toy, ToySettings

ROOT = Path(__file__).resolve().parents[3]


def start(corpus: Path, output: Path, *more: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "tests.submissions.toy.pretrain",
        "--device",
        "cpu",
        "--set",
        "max_epochs=6",
    ]
    return subprocess.Popen(
        [*command, "--input", str(corpus), "--output", str(output), *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.01)


def digest(output: Path) -> str:
    return file_sha256(output / "backbone" / "backbone.safetensors")


@pytest.mark.slow
def test_killed_and_terminated_runs_go_on_to_the_same_weights(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "tiny", train=12)
    whole = start(corpus, tmp_path / "whole")
    cut = start(corpus, tmp_path / "cut")
    wait_for(tmp_path / "cut" / "checkpoints" / "last.ckpt", cut)
    cut.send_signal(signal.SIGKILL)
    cut.wait()
    assert not (tmp_path / "cut" / "backbone").exists()
    again = start(corpus, tmp_path / "cut", "--resume")
    assert "epoch 2/6" in again.stdout.readline() + again.stdout.readline()  # type: ignore[union-attr]
    again.send_signal(signal.SIGTERM)
    said = again.communicate(timeout=120)[0]
    assert again.returncode == ExitCode.RESUMABLE, said
    assert "--resume goes on" in said
    assert not (tmp_path / "cut" / "backbone").exists()
    last = start(corpus, tmp_path / "cut", "--resume")
    said = last.communicate(timeout=120)[0]
    assert last.returncode == 0, said
    said = whole.communicate(timeout=120)[0]
    assert whole.returncode == 0, said
    assert digest(tmp_path / "cut") == digest(tmp_path / "whole")


WINDOWS = {
    "before it trains": (entry, "check_corpus"),
    "behind its last batch": (Toy, "on_train_end"),
    "between training and export": (checkpoints, "read_checkpoint"),
    "while it exports": (export, "write_backbone"),
}


@pytest.mark.slow
@pytest.mark.parametrize("window", WINDOWS)
def test_a_run_that_is_terminated_outside_of_its_batches_says_that_it_can_go_on(
    window: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lightning answers SIGTERM at batches alone; elsewhere the process died without a word, or went on."""

    def terminated(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(*WINDOWS[window], terminated)
    corpus = write_corpus(tmp_path / "corpus", train=8)
    toy = command(Toy, ToySettings, ROOT / "tests" / "submissions" / "toy")
    arguments = ["--device", "cpu", "--workers", "0", "--set", "max_epochs=1"]
    result = CliRunner().invoke(toy, [*arguments, "--input", str(corpus), "--output", str(tmp_path / "out")])
    assert result.exit_code == ExitCode.RESUMABLE, result.output
    assert ("the same command with --resume goes on" in result.output) == (window != "before it trains")
    assert not (tmp_path / "out" / "backbone").exists()
    assert signal.getsignal(signal.SIGTERM) == before
