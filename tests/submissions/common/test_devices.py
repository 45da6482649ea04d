"""Two devices of one machine: two processes, one run, one backbone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lovt_bench.benchmark.backbone.folder import read_manifest
from tests.submissions.common.test_kill import ROOT
from tests.submissions.tiny_corpus import write_corpus


@pytest.mark.slow
def test_two_cpu_processes_train_together(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "tiny", train=17)
    command = [sys.executable, "-m", "tests.submissions.toy.pretrain", "--device", "cpu", "--devices", "2"]
    command += ["--input", str(corpus), "--output", str(tmp_path / "run"), "--set", "max_epochs=1"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("17 studies of tiny corpus") == 1, "only the first process speaks"
    provenance = read_manifest(tmp_path / "run" / "backbone").provenance
    assert provenance.images == 16, "two steps of two times four; the rest fills no step"
    assert provenance.device == "2 x CPU"
