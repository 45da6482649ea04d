"""The output folder of a run, and what is known of the run; the latter lies where no submission can write."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lovt_bench.benchmark.backbone.names import BackboneError
from lovt_bench.benchmark.backbone.place import read_manifest
from lovt_bench.benchmark.contract.run_contract import OUTPUT_CHECKPOINTS, Limits
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.contract.verdict import RunVerdict
from lovt_bench.benchmark.disk.leftovers import sweep
from lovt_bench.benchmark.disk.lock import hold
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.runtime.inputs import PretrainInputs
from lovt_bench.benchmark.runtime.outcome import ACCEPT
from lovt_bench.benchmark.runtime.output_size import measure
from lovt_bench.benchmark.runtime.run_state import UNKNOWN, RunState, changes
from lovt_bench.benchmark.submission.read import SubmissionError

RECORDS = ".runs"
"""Beside the output folders: one state, verdict and log for each; no backbone's name begins with a dot."""

KEPT = (OUTPUT_CHECKPOINTS, "logs")
"""Folders of the output that stay after a run."""


@dataclass(frozen=True)
class Outputs:
    """Where one backbone's run writes, and where the harness writes about it."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder.parent / RECORDS / f"{self.folder.name}.json"

    @property
    def verdict(self) -> Path:
        return self.folder.parent / RECORDS / f"{self.folder.name}.verdict.json"

    @property
    def log(self) -> Path:
        return self.folder.parent / RECORDS / f"{self.folder.name}.log"

    @property
    def resumable(self) -> bool:
        """Whether checkpoints lie there. A link is none."""
        folder = self.folder / OUTPUT_CHECKPOINTS
        try:
            return not folder.is_symlink() and folder.is_dir() and any(True for _ in folder.iterdir())
        except OSError:
            return False

    @property
    def begun(self) -> bool:
        """Whether a run was begun here whose backbone is not taken over yet."""
        state = self._read()
        return state.inputs is not None and not state.taken

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from running the same backbone for the block.

        Raises:
            SubmissionError: One is doing so.
        """
        with hold(self.folder.parent / RECORDS / f"{self.folder.name}.lock") as alone:
            if not alone:
                raise SubmissionError(
                    f"{self.folder.name} is being pre-trained by another process; wait for it, or choose another --name"
                )
            sweep(self.folder.parent)
            yield

    def waiting(self, inputs: PretrainInputs, *, accept_changes: bool = False) -> RunVerdict | None:
        """Return how a run ended that ended well and whose output was not checked to the end; None where there is none.

        Args:
            inputs: What is asked for now.
            accept_changes: Whether a run from other inputs is to go on, and what it left is made again.

        Raises:
            SubmissionError: There is one from other inputs.
        """
        state = self._read()
        if state.ended is None or not self.folder.is_dir():
            return None
        if state.inputs_digest == inputs.digest():
            return state.ended
        if accept_changes:
            return None
        go_on = f", {ACCEPT} to make it anew from its checkpoints" if self.resumable else ""
        raise SubmissionError(
            f"a run ended well, and what it left in {self.folder} is not checked yet; since it began, "
            f"{changes(state.inputs, inputs)}. Give what it began with to take it over{go_on}, choose another --name, "
            "or start anew with --force"
        )

    def open(
        self, inputs: PretrainInputs, *, resume: bool, force: bool, accept_changes: bool = False
    ) -> None:
        """Make the folder ready: empty for a new run, as it is for one that goes on.

        Args:
            inputs: What the run depends on from here on.
            resume: Whether it goes on.
            force: Whether a run that was cut off may be thrown away.
            accept_changes: Whether a run goes on although it began with other inputs; their digests are kept.

        Raises:
            SubmissionError: A run that was cut off lies there and neither `resume` nor `force` is given, or there is
                nothing to resume, or it is a run from other inputs.
        """
        state = self._read()
        if resume:
            self._go_on(state, inputs, accept_changes=accept_changes)
            return
        if self.resumable and not state.taken and not force:
            same = state.inputs is None or state.inputs_digest == inputs.digest()
            since = "" if same else f"; since it began, {changes(state.inputs, inputs)}"
            option = "--resume" if same else ACCEPT if state.can_go_on(inputs) else None
            go_on = f"{option} goes on with it, " if option else ""
            raise SubmissionError(
                f"a run that was cut off lies in {self.folder}{since}: {go_on}--force starts anew"
            )
        # Until it is empty it goes on with nothing: what is left after a kill is of no known run.
        self._write(RunState(inputs=UNKNOWN))
        remove_tree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(RunState(inputs=inputs))

    def _go_on(self, state: RunState, inputs: PretrainInputs, *, accept_changes: bool) -> None:
        if not self.resumable:
            raise SubmissionError(f"nothing to resume in {self.folder}; start without --resume")
        begun_with = state.begun_with
        if state.inputs_digest not in (None, inputs.digest()):
            known = state.can_go_on(inputs)
            if not (accept_changes and known):
                ways = f"Give what it began with, go on all the same with {ACCEPT}, c" if known else "C"
                raise SubmissionError(
                    f"the run in {self.folder} cannot simply go on: since it began, {changes(state.inputs, inputs)}. "
                    f"{ways}hoose another --name, or start anew with --force"
                )
            begun_with = list(dict.fromkeys([*begun_with, str(state.inputs_digest)]))
            self._keep_only_what_goes_on()  # a backbone that lies there was made of the inputs before
        self._write(RunState(inputs=inputs, begun_with=begun_with, seconds=state.seconds))

    @property
    def begun_with(self) -> tuple[str, ...]:
        """Digests of the inputs that the run had before the present ones."""
        return tuple(self._read().begun_with)

    @property
    def seconds(self) -> float:
        """Wall clock of all attempts so far, as the harness measured them."""
        return self._read().seconds

    def add_seconds(self, inputs: PretrainInputs, seconds: float, ended: RunVerdict | None = None) -> None:
        """Note the time of one more attempt, and of one that ended well its end: from then on it is not run again."""
        self._note(inputs, seconds=round(self.seconds + seconds, 3), ended=ended)

    def mark_taken(self, inputs: PretrainInputs, verdict: RunVerdict | None = None) -> None:
        """Note that the backbone was taken over, and drop what is not needed any more."""
        if verdict is not None:
            write_text(self.verdict, verdict.to_json())
        self._note(inputs, taken=True)
        self._keep_only_what_goes_on()

    def tidy(self, inputs: PretrainInputs) -> None:
        """Do what a process that was killed had left to do after it had filed the backbone of equal inputs."""
        state = self._read()
        if (
            state.inputs_digest == inputs.digest()
            and (state.ended is not None or state.taken)
            and self.folder.is_dir()
        ):
            self.mark_taken(
                inputs, None if state.ended is None else taken_over(state.ended, self.folder.name)
            )

    def mark_rejected(self, inputs: PretrainInputs) -> None:
        """Note that what the run left was refused, and drop it; its checkpoints stay, so that it can be made again."""
        self._note(inputs)
        self.drop_halves()

    def drop_halves(self) -> None:
        """Remove what a run that did not end well has left, but for what a later one can go on with."""
        if self.resumable:
            self._keep_only_what_goes_on()
        else:
            remove_tree(self.folder)

    def drop_what_is_too_large(self, limits: Limits) -> None:
        """Remove what a run that passed a limit of its output has left, its checkpoints too if they alone pass it."""
        self.drop_halves()
        if measure(self.folder, limits).problem:
            remove_tree(self.folder)

    def passing(self) -> list[Path]:
        """Return what lies in the folder and does not stay after a run."""
        if not self.folder.is_dir():
            return []
        self.folder.chmod(0o700)  # a run may have closed it to the harness, or opened it to others
        return [
            path
            for path in sorted(self.folder.iterdir())
            if path.name not in KEPT or path.is_symlink() or not path.is_dir()
        ]

    def _keep_only_what_goes_on(self) -> None:
        for path in self.passing():
            remove_tree(path)

    def _note(self, inputs: PretrainInputs, **facts: Any) -> None:
        state = self._read()
        kept = {"begun_with": state.begun_with, "seconds": state.seconds}
        self._write(RunState.model_validate({"inputs": inputs, **kept, **facts}))

    def _read(self) -> RunState:
        try:
            return RunState.model_validate_json(self.state.read_bytes())
        except (OSError, ValidationError):
            return RunState()

    def _write(self, state: RunState) -> None:
        write_text(self.state, state.to_json(None))


def taken_over(ended: RunVerdict, name: str) -> RunVerdict:
    """Return the verdict of a run that ended well and whose backbone was filed."""
    return ended.model_copy(update={"message": f"{name} was taken over"})


def is_done(root: Path, inputs: PretrainInputs) -> bool:
    """Return whether the backbone folder at `root` was made from equal inputs."""
    try:
        return read_manifest(root).provenance.inputs_sha256 == inputs.digest()
    except BackboneError:
        return False


def remove_tree(path: Path) -> None:
    """Remove a folder or file that somebody hostile has filled: deep, closed, full of links. Nothing is followed.

    Raises:
        SubmissionError: It cannot be removed, because it belongs to somebody else.
    """
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except (OSError, RecursionError):
        # GNU and BSD tools walk any depth; -P is the default of chmod -R, links are not followed.
        subprocess.run(["chmod", "-R", "u+rwX", "--", str(path)], check=False, capture_output=True)
        done = subprocess.run(["rm", "-rf", "--", str(path)], check=False, capture_output=True)
        if done.returncode:
            why = clean_text(done.stderr.decode("utf-8", errors="replace"), 200).strip()
            raise SubmissionError(
                f"{path} cannot be removed ({why}); its owner or root can: rm -rf {path}"
            ) from None
