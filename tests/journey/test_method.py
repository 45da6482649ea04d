"""The journey's method alone: what the contract asks of it, outside the harness."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lovt_bench.benchmark.backbone.check import check_backbone
from lovt_bench.benchmark.backbone.findings import failed
from lovt_bench.benchmark.backbone.folder import read_manifest
from lovt_bench.benchmark.contract.exit_codes import ExitCode
from tests.conftest import REPOSITORY
from tests.journey.method import write_method
from tests.submissions.tiny_corpus import write_corpus


def start(folder: Path, corpus: Path, output: Path, **environment: str) -> subprocess.Popen[str]:
    output.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, str(folder / "pretrain.py"), "--input", str(corpus), "--output", str(output)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_it_stops_goes_on_and_ends_in_the_same_weights(tmp_path: Path) -> None:
    folder = write_method(tmp_path)
    corpus = write_corpus(tmp_path / "corpus", train=16)
    stopped = start(folder, corpus, tmp_path / "stopped", LOVT_BENCH_SETTINGS='{"epochs": 1000}')
    assert stopped.stdout is not None
    for line in stopped.stdout:
        if '"epoch": 1' in line:
            break
    stopped.send_signal(signal.SIGTERM)
    _, said = stopped.communicate(timeout=300)
    assert (stopped.returncode, said) == (ExitCode.RESUMABLE, "")
    done = torch.load(tmp_path / "stopped" / "checkpoints" / "last.pt", weights_only=True)["epoch"]
    asked = json.dumps({"epochs": done + 1})
    again = start(folder, corpus, tmp_path / "stopped", LOVT_BENCH_SETTINGS=asked, LOVT_BENCH_RESUME="1")
    whole = start(folder, corpus, tmp_path / "whole", LOVT_BENCH_SETTINGS=asked)
    assert [process.wait(timeout=300) for process in (again, whole)] == [0, 0]
    weights = [read_manifest(tmp_path / place / "backbone").sha256 for place in ("stopped", "whole")]
    assert weights[0] == weights[1]
    assert not failed(check_backbone(tmp_path / "whole" / "backbone", name="denoiser"))


def test_a_wrong_setting_and_a_missing_corpus_have_exit_codes(tmp_path: Path) -> None:
    folder = write_method(tmp_path)
    wrong = start(folder, tmp_path, tmp_path / "output", LOVT_BENCH_SETTINGS='{"noize": 1}')
    absent = start(folder, tmp_path, tmp_path / "output")
    assert "no setting noize" in wrong.communicate(timeout=300)[1]
    assert "no corpus in" in absent.communicate(timeout=300)[1]
    assert (wrong.returncode, absent.returncode) == (ExitCode.BAD_CONFIGURATION, ExitCode.BAD_DATA)


def test_a_mistake_is_put_into_code_that_holds_its_place(tmp_path: Path) -> None:
    folder = write_method(tmp_path, mend=('tell("done")', 'raise SystemExit("in the last line")'))
    assert 'SystemExit("in the last line")' in (folder / "pretrain.py").read_text()
    with pytest.raises(ValueError, match="is not in"):
        write_method(tmp_path, mend=("no such line", ""))
