"""The command line as somebody with a method of their own uses it, on a small world."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmark.engine.world import tiny_store
from tests.conftest import REPOSITORY
from tests.submissions.tiny_corpus import write_corpus

TASKS = ("rsna_seg_linear_100", "covid_linear", "object_frozen_100", "nih_seg_linear")


@dataclass(frozen=True)
class User:
    """Somebody who types commands in a folder."""

    folder: Path
    workspace: Path
    runtime: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin `lovt-bench ARGUMENTS`."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.containers.cli", *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                **self.environment,
                "LOVT_BENCH_WORKSPACE": str(self.workspace),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def lovt_bench(self, *arguments: str) -> tuple[int, str]:
        """Run `lovt-bench ARGUMENTS`; return the exit code and what was printed."""
        process = self.command(*arguments)
        said, _ = process.communicate(timeout=600)
        return process.returncode, said

    def pretraining(self, *arguments: str) -> list[str]:
        return ["pretrain", *arguments, "--runtime", self.runtime, "--corpus", "tiny", "--memory", "3g"]

    def killed(self, name: str, *arguments: str) -> None:
        """Begin a pre-training and kill the harness with SIGKILL once there is a checkpoint."""
        process = self.command(*self.pretraining(*arguments))
        for _ in range(1200):
            if any((self.workspace / "pretraining" / name / "checkpoints").glob("*.pt")):
                break
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        process.communicate()


def small_world(workspace: Path) -> None:
    """Write a corpus, and stores of the datasets of `TASKS`."""
    write_corpus(workspace / "corpora" / "tiny", train=16, side=64)
    for dataset in ("rsna", "covid-rural", "object-cxr", "nih-cxr"):
        tiny_store(workspace, dataset, images=40)
