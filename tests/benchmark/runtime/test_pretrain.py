"""An output folder is new, goes on, or is refused; nothing that was begun is lost by mistake."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.runtime.pretrain import STATE, open_output
from benchmark.runtime.submissions import SubmissionError
from tests.benchmark.runtime.test_inputs import INPUTS


def begun(output: Path, *, taken: bool = False) -> Path:
    open_output(output, INPUTS, resume=False, force=False)
    (output / "checkpoints").mkdir()
    (output / STATE).write_text(json.dumps({"inputs": INPUTS.digest(), "taken": taken}))
    return output


def test_a_new_run_starts_empty(tmp_path: Path) -> None:
    open_output(tmp_path / "run", INPUTS, resume=False, force=False)
    assert [path.name for path in (tmp_path / "run").iterdir()] == [STATE]


def test_a_run_that_was_cut_off_is_not_thrown_away(tmp_path: Path) -> None:
    output = begun(tmp_path / "run")
    with pytest.raises(SubmissionError, match="--resume goes on with it, --force starts anew"):
        open_output(output, INPUTS, resume=False, force=False)
    open_output(output, INPUTS, resume=True, force=False)
    assert (output / "checkpoints").is_dir()
    open_output(output, INPUTS, resume=False, force=True)
    assert not (output / "checkpoints").exists()


def test_a_run_whose_backbone_was_taken_makes_room(tmp_path: Path) -> None:
    output = begun(tmp_path / "run", taken=True)
    open_output(output, replace(INPUTS, seed=9), resume=False, force=False)
    assert not (output / "checkpoints").exists()


def test_resuming_needs_a_run_of_the_same_inputs(tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="nothing to resume"):
        open_output(tmp_path / "none", INPUTS, resume=True, force=False)
    output = begun(tmp_path / "run")
    with pytest.raises(SubmissionError, match="other code, settings, corpus or seed"):
        open_output(output, replace(INPUTS, seed=9), resume=True, force=False)


def test_a_run_that_torchrun_began_by_itself_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    open_output(tmp_path / "run", INPUTS, resume=True, force=False)
    assert json.loads((tmp_path / "run" / STATE).read_text())["inputs"] == INPUTS.digest()
