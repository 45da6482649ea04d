"""The output folder of a run, and what is known of the run; the latter lies where no submission can write."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmark.backbone.folder import read_manifest
from benchmark.backbone.model import BackboneError
from benchmark.contract.run_contract import OUTPUT_CHECKPOINTS
from benchmark.disk.temporary import write_text
from benchmark.runtime.inputs import PretrainInputs
from benchmark.runtime.submissions import SubmissionError

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

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from running the same backbone for the block.

        Raises:
            SubmissionError: one is doing so.
        """
        lock = self.folder.parent / RECORDS / f"{self.folder.name}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        with lock.open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise SubmissionError(
                    f"{self.folder.name} is being pre-trained by another process; wait for it, or choose another --name"
                ) from None
            yield

    def open(self, inputs: PretrainInputs, *, resume: bool, force: bool) -> None:
        """Make the folder ready: empty for a new run, as it is for one that goes on.

        Raises:
            SubmissionError: a run that was cut off lies there and neither `resume` nor `force` is given, or there is
                nothing to resume, or it is a run from other inputs.
        """
        state = self._read()
        if resume:
            if not self.resumable:
                raise SubmissionError(f"nothing to resume in {self.folder}; start without --resume")
            if state.get("inputs") not in (None, inputs.digest()):
                raise SubmissionError(
                    f"the run in {self.folder} was begun with other code, settings, corpus or seed; give the same "
                    "ones, choose another --name, or start anew with --force"
                )
        elif self.resumable and not state.get("taken") and not force:
            raise SubmissionError(
                f"a run that was cut off lies in {self.folder}: --resume goes on with it, --force starts anew"
            )
        else:
            remove_tree(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write(inputs, taken=False, seconds=self.seconds if resume else 0.0)

    @property
    def seconds(self) -> float:
        """Wall clock of all attempts so far, as the harness measured them."""
        value = self._read().get("seconds", 0.0)
        return float(value) if isinstance(value, int | float) else 0.0

    def add_seconds(self, inputs: PretrainInputs, seconds: float) -> None:
        """Note the time of one more attempt."""
        self._write(inputs, taken=False, seconds=self.seconds + seconds)

    def mark_taken(self, inputs: PretrainInputs) -> None:
        """Note that the backbone was taken over, and drop what is not needed any more."""
        self._write(inputs, taken=True, seconds=self.seconds)
        self._keep_only_what_goes_on()

    def drop_halves(self, *, everything: bool) -> None:
        """Remove what a run that did not end well has left, but for what a later one can go on with."""
        if everything or not self.resumable:
            remove_tree(self.folder)
        else:
            self._keep_only_what_goes_on()

    def _keep_only_what_goes_on(self) -> None:
        if not self.folder.is_dir():
            return
        for path in list(self.folder.iterdir()):
            if path.name not in KEPT or path.is_symlink() or not path.is_dir():
                remove_tree(path)

    def _read(self) -> dict[str, object]:
        try:
            state = json.loads(self.state.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def _write(self, inputs: PretrainInputs, *, taken: bool, seconds: float) -> None:
        state = {"inputs": inputs.digest(), "taken": taken, "seconds": round(seconds, 3)}
        write_text(self.state, json.dumps(state) + "\n")


def is_done(root: Path, inputs: PretrainInputs) -> bool:
    """Return whether the backbone folder at `root` was made from equal inputs."""
    try:
        return read_manifest(root).provenance.inputs_sha256 == inputs.digest()
    except BackboneError:
        return False


def remove_tree(path: Path) -> None:
    """Remove a folder or file that somebody hostile has filled: deep, closed, full of links. Nothing is followed."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except (OSError, RecursionError):
        # GNU and BSD tools walk any depth; -P is the default of chmod -R, links are not followed.
        subprocess.run(["chmod", "-R", "u+rwX", "--", str(path)], check=False, capture_output=True)
        subprocess.run(["rm", "-rf", "--", str(path)], check=True, capture_output=True)
