"""`lovt-bench pretrain` ends with code 75 when it is stopped, and promises what the next call really does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.contract.backbone import Provenance
from tests.benchmark.runtime.own_method import write_method

METHOD = """
import os, shutil, signal, time
checkpoints = output / "checkpoints"
def save(*_):
    if os.environ.get("SAVES"):
        checkpoints.mkdir(exist_ok=True)
        (checkpoints / "last").write_text("state")
    raise SystemExit(int(os.environ.get("CODE", "75")))
if os.environ.get("NO_HANDLER"):
    checkpoints.mkdir(exist_ok=True)
    (checkpoints / "last").write_text("state")
else:
    signal.signal(signal.SIGTERM, save)
if os.environ.get("GOOD"):
    shutil.copytree(os.environ["GOOD"], output / "backbone")
    raise SystemExit(0)
if os.environ.get("LOVT_BENCH_RESUME"):
    print("goes on with", (checkpoints / "last").read_text())
    raise SystemExit(75)
(output / "begun").write_text(str(os.getpid()))
time.sleep(60)
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    environment = {**os.environ, **write_method(tmp_path / "methods", METHOD)}

    def begin(*arguments: str, **more: str) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            "lovt_bench.benchmark.cli.main",
            "pretrain",
            "mine",
            "--runtime",
            "process",
        ]
        command += ["--device", "cpu", "--workspace", str(tmp_path), *arguments]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**environment, **more}
        )

    return begin


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("nothing happened for a minute")


@pytest.mark.slow
def test_a_stopped_run_with_checkpoints_goes_on_with_resume(start: Start, tmp_path: Path) -> None:
    process = start(SAVES="1")
    wait_for((tmp_path / "pretraining" / "mine" / "begun").exists)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    assert said == "Error: resumable: mine was cut off; the same command with --resume goes on\n"
    again = start("--resume", SAVES="1")
    heard, said = again.communicate(timeout=60)
    assert again.returncode == 75, said
    assert "goes on with state" in heard


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["harness", "method"])
def test_a_method_without_a_handler_for_sigterm_goes_on_from_its_last_checkpoint(
    start: Start, tmp_path: Path, whom: str
) -> None:
    begun = tmp_path / "pretraining" / "mine" / "begun"
    process = start(NO_HANDLER="1")
    wait_for(lambda: begun.exists() and bool(begun.read_text()))
    os.kill(process.pid if whom == "harness" else int(begun.read_text()), signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    by = "" if whom == "harness" else " by SIGTERM"
    assert said == (
        f"Error: resumable: mine was cut off{by}; the same command with --resume goes on from its last checkpoint\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("code", ["3", "75"])
def test_a_stopped_run_without_checkpoints_promises_no_resume(
    start: Start, tmp_path: Path, code: str
) -> None:
    """Whatever the method says of it: 75 means that it can go on."""
    process = start(CODE=code)
    wait_for((tmp_path / "pretraining" / "mine" / "begun").exists)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    assert said.startswith("Error: stopped: ")
    assert "--resume" not in said
    assert "the same command begins anew" in said
    assert not (tmp_path / "pretraining" / "mine").exists()


@pytest.mark.slow
def test_a_call_stopped_while_it_checks_says_that_the_run_is_kept(start: Start, tmp_path: Path) -> None:
    good = tmp_path / "good"
    save_backbone(
        good,
        random_draw("resnet18", 0),
        display_name="Good",
        provenance=Provenance(method="mine"),
        onnx=False,
    )
    process = start(GOOD=str(good))
    state = tmp_path / "pretraining" / ".runs" / "mine.json"
    wait_for(lambda: state.exists() and '"exit_code":0' in state.read_text())
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    assert "its run had ended well; the same command checks what it left, without a new run" in said
    assert [path.name for path in (tmp_path / "backbones").glob("*")] == []
