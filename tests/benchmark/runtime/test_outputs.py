"""An output folder is new, goes on, or is refused; nothing that was begun is lost by mistake, nothing else is left."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.run_contract import Limits
from lovt_bench.benchmark.contract.verdict import RunVerdict, Verdict
from lovt_bench.benchmark.runtime.outputs import Outputs, remove_tree
from lovt_bench.benchmark.submission.read import SubmissionError
from tests.benchmark.runtime.test_inputs import INPUTS


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    return Outputs(tmp_path / "pretraining" / "run")


def begin(outputs: Outputs, *, taken: bool = False) -> None:
    outputs.open(INPUTS, resume=False, force=False)
    (outputs.folder / "checkpoints").mkdir()
    (outputs.folder / "checkpoints" / "last.ckpt").touch()
    if taken:
        outputs.mark_taken(INPUTS)


def test_a_new_run_starts_empty(outputs: Outputs) -> None:
    outputs.folder.mkdir(parents=True)
    (outputs.folder / "old").touch()
    outputs.open(INPUTS, resume=False, force=False)
    assert not list(outputs.folder.iterdir())


def test_a_run_that_was_cut_off_is_not_thrown_away(outputs: Outputs) -> None:
    begin(outputs)
    with pytest.raises(SubmissionError, match="--resume goes on with it, --force starts anew"):
        outputs.open(INPUTS, resume=False, force=False)
    outputs.open(INPUTS, resume=True, force=False)
    assert outputs.resumable
    outputs.open(INPUTS, resume=False, force=True)
    assert not outputs.resumable


def test_a_run_whose_backbone_was_taken_makes_room(outputs: Outputs) -> None:
    begin(outputs, taken=True)
    outputs.open(replace(INPUTS, seed=9), resume=False, force=False)
    assert not outputs.resumable


def test_resuming_needs_a_run_of_the_same_inputs(outputs: Outputs) -> None:
    with pytest.raises(SubmissionError, match="nothing to resume"):
        outputs.open(INPUTS, resume=True, force=False)
    begin(outputs)
    with pytest.raises(
        SubmissionError, match=r"since it began, seed was 1, is 9\. .*--resume --accept-changes"
    ):
        outputs.open(replace(INPUTS, seed=9), resume=True, force=False)
    with pytest.raises(SubmissionError, match=r"seed was 1, is 9: --resume --accept-changes goes on with it"):
        outputs.open(replace(INPUTS, seed=9), resume=False, force=False)


def test_a_run_goes_on_with_changes_that_are_accepted_and_remembers_them(outputs: Outputs) -> None:
    begin(outputs)
    outputs.add_seconds(INPUTS, 2.5)
    (outputs.folder / "backbone").mkdir()
    mended, again = replace(INPUTS, method_sha256="3" * 64), replace(INPUTS, method_sha256="4" * 64)
    outputs.open(mended, resume=True, force=False, accept_changes=True)
    assert outputs.begun_with == (INPUTS.digest(),)
    assert outputs.seconds == 2.5
    assert [path.name for path in outputs.folder.iterdir()] == ["checkpoints"], (
        "no backbone of other code is filed"
    )
    outputs.open(mended, resume=True, force=False)
    outputs.mark_rejected(mended)
    outputs.open(again, resume=True, force=False, accept_changes=True)
    assert outputs.begun_with == (INPUTS.digest(), mended.digest())
    outputs.mark_taken(again)
    outputs.open(again, resume=False, force=False)
    assert outputs.begun_with == ()


def test_a_run_of_another_method_or_of_none_does_not_go_on(outputs: Outputs) -> None:
    begin(outputs)
    with pytest.raises(SubmissionError, match=r"method was m, is n\. Choose another --name"):
        outputs.open(replace(INPUTS, method="n"), resume=True, force=False, accept_changes=True)
    with pytest.raises(SubmissionError, match=r"method was m, is n: --force starts anew"):
        outputs.open(replace(INPUTS, method="n"), resume=False, force=False)
    outputs.state.write_text(json.dumps({"inputs": "unknown"}))
    with pytest.raises(SubmissionError, match="a call that was to throw it away was killed"):
        outputs.open(INPUTS, resume=True, force=False, accept_changes=True)


def test_what_an_older_version_noted_is_read(outputs: Outputs) -> None:
    begin(outputs)
    noted = {"inputs": INPUTS.digest(), "taken": False, "seconds": 4.0, "ended": None}
    outputs.state.write_text(json.dumps(noted))
    outputs.open(INPUTS, resume=True, force=False)
    assert outputs.seconds == 4
    outputs.state.write_text(json.dumps(noted))
    other = replace(INPUTS, seed=9)
    with pytest.raises(SubmissionError, match="code, settings, corpus or seed changed"):
        outputs.open(other, resume=True, force=False)
    outputs.open(other, resume=True, force=False, accept_changes=True)
    assert outputs.begun_with == (INPUTS.digest(),)


def test_a_run_that_ended_well_waits_for_its_inputs_or_is_made_again(outputs: Outputs) -> None:
    begin(outputs)
    ended = RunVerdict(verdict=Verdict.SUCCESS, message="ended well", runtime="process")
    outputs.add_seconds(INPUTS, 1, ended)
    assert outputs.waiting(INPUTS) == ended
    other = replace(INPUTS, settings={"a": "1", "b": "3"})
    with pytest.raises(
        SubmissionError, match=r"setting b was 2, is 3\. .*--resume --accept-changes to make it anew"
    ):
        outputs.waiting(other)
    assert outputs.waiting(other, accept_changes=True) is None


def test_a_run_that_torchrun_began_by_itself_is_taken_over(outputs: Outputs) -> None:
    (outputs.folder / "checkpoints").mkdir(parents=True)
    (outputs.folder / "checkpoints" / "last.ckpt").touch()
    outputs.open(INPUTS, resume=True, force=False)
    assert json.loads(outputs.state.read_text())["inputs"] == json.loads(json.dumps(asdict(INPUTS)))


def test_what_is_known_of_a_run_lies_outside_of_what_it_can_write(outputs: Outputs) -> None:
    outputs.open(INPUTS, resume=False, force=False)
    for path in (outputs.state, outputs.verdict, outputs.log):
        assert not path.is_relative_to(outputs.folder)
        assert path.parent.name.startswith("."), "no backbone has such a name"


def test_time_adds_up_over_attempts_and_begins_again_with_a_new_run(outputs: Outputs) -> None:
    begin(outputs)
    outputs.add_seconds(INPUTS, 2.5)
    outputs.open(INPUTS, resume=True, force=False)
    outputs.add_seconds(INPUTS, 1.0)
    assert outputs.seconds == 3.5
    outputs.open(INPUTS, resume=False, force=True)
    assert outputs.seconds == 0


def test_a_link_is_no_checkpoint(outputs: Outputs, tmp_path: Path) -> None:
    outputs.open(INPUTS, resume=False, force=False)
    (outputs.folder / "checkpoints").symlink_to(tmp_path)
    assert not outputs.resumable
    outputs.drop_halves()
    assert not outputs.folder.exists()
    assert tmp_path.exists()


def test_only_what_can_go_on_is_kept_of_a_failed_run(outputs: Outputs) -> None:
    begin(outputs)
    (outputs.folder / "backbone").mkdir()
    outputs.drop_halves()
    assert [path.name for path in outputs.folder.iterdir()] == ["checkpoints"]


def test_of_an_output_that_is_too_large_checkpoints_stay_that_are_not(outputs: Outputs) -> None:
    begin(outputs)
    (outputs.folder / "big").write_bytes(bytes(3 << 20))
    outputs.drop_what_is_too_large(Limits(output_bytes=2 << 20))
    assert [path.name for path in outputs.folder.rglob("*")] == ["checkpoints", "last.ckpt"]
    (outputs.folder / "checkpoints" / "big").write_bytes(bytes(3 << 20))
    outputs.drop_what_is_too_large(Limits(output_bytes=2 << 20))
    assert not outputs.folder.exists()


def test_a_hostile_tree_is_removed_and_no_link_of_it_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    root = tmp_path / "tree"
    root.mkdir()
    (root / "link").symlink_to(outside)
    os.mkfifo(root / "pipe")
    here = os.open(root, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.fchmod(here, 0)
    os.close(here)
    remove_tree(root)
    assert not root.exists()
    assert (outside / "kept").exists()
    remove_tree(root)


def test_two_processes_do_not_run_one_backbone(outputs: Outputs) -> None:
    with outputs.held():
        with pytest.raises(SubmissionError, match="being pre-trained by another process"), outputs.held():
            pass
        with Outputs(outputs.folder.parent / "other").held():
            pass
    with outputs.held():
        pass
