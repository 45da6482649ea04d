"""The checkpoint of one training: written at ends of epochs, read by whoever takes the run up, gone with its record.

It lies in the workspace under the key of the run, so that every executor and every later call finds it. Whatever does
not fit the run to the letter is thrown away with a word, and the run begins anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from lovt_bench.benchmark.contract.checkpoint import CHECKPOINTS, MANIFEST, STATE, CheckpointManifest
from lovt_bench.benchmark.contract.run_record import RunKey
from lovt_bench.benchmark.disk.digest import DigestedFile, file_sha256
from lovt_bench.benchmark.disk.leftovers import remove, sweep
from lovt_bench.benchmark.disk.temporary import new_folder
from lovt_bench.benchmark.disk.words import explain
from lovt_bench.benchmark.engine.usage import Usage, UsageMeter
from lovt_bench.benchmark.log import logger

LEAST_SECONDS = 10.0
"""Least seconds of training between two checkpoints: less is not worth a file."""
SHARE = 30
"""A checkpoint is written after so many times the seconds that the last one took: about 3 % of the time."""
LONGEST_DAYS = 30
"""After which nobody comes back to a training."""

_PACKAGES = ("lovt-bench", "torch", "torchvision", "lightning", "numpy")

State = dict[str, Any]


class Checkpoint:
    """Where a run keeps what it has reached.

    Args:
        workspace: That all processes of the evaluation share.
        submission: Name of the backbone: two of one digest have records, and runs, of their own.
        run: The run.
        device: Kind of device. What a GPU began does not go on on a CPU: one run, one precision.
        meter: Measures this attempt from its beginning on.
    """

    def __init__(
        self, workspace: Path, submission: str, run: RunKey, device: torch.device, meter: UsageMeter
    ) -> None:
        self.folder = workspace / CHECKPOINTS / submission / run.key()
        self._submission, self._run, self._device, self._meter = submission, run, device.type, meter
        self._earlier = Usage()
        self._earlier_seconds = 0.0
        self._start = self._last = time.perf_counter()
        self._cost = 0.0
        self._said = False

    @property
    def seconds(self) -> float:
        """Seconds of all attempts, as far as checkpoints tell: what an attempt did after its last one is not known."""
        return self._earlier_seconds + time.perf_counter() - self._start

    @property
    def usage(self) -> Usage:
        """Peak memory and energy of all attempts."""
        return added(self._earlier, self._meter.read())

    def read(self) -> State | None:
        """Return the state that the run goes on with, None where it begins."""
        if not self.folder.is_dir():
            return None
        manifest = self._manifest()
        if isinstance(manifest, str):
            self.throw_away(manifest)
            return None
        state, problem = self._state(manifest)
        if state is None:
            self.throw_away(problem)
            return None
        self._earlier = Usage(manifest.peak_host_bytes, manifest.peak_device_bytes, manifest.energy_joules)
        self._earlier_seconds = manifest.seconds
        return state

    def write_if_due(self, epochs: int, state: Callable[[], State]) -> None:
        """Write the state after so many epochs, unless the last one is too recent. A disk that fails stops no training.

        Args:
            epochs: That are done.
            state: Returns tensors, numbers, texts and lists and mappings of them; asked for only when it is written.
        """
        start = time.perf_counter()
        if not is_due(start - self._last, self._cost):
            return
        content = state()
        try:
            self._write(epochs, content)
        except (
            OSError,
            RuntimeError,
        ) as error:  # torch's writer makes a RuntimeError of some failures of a disk
            if not self._said:
                words = explain(error) if isinstance(error, OSError) else str(error)
                logger.warning("checkpoint not written, the training goes on without: %s", words)
            self._said = True
        self._last = time.perf_counter()
        self._cost = self._last - start

    def remove(self) -> None:
        """Remove it: the run is recorded. What cannot be removed harms nobody, and is swept later."""
        with suppress(OSError):
            remove(self.folder)

    def throw_away(self, problem: str) -> None:
        """Remove what the run cannot go on with, and say so."""
        logger.warning(
            "checkpoint %s: %s; thrown away, the training begins at its first epoch", self.folder, problem
        )
        self._earlier, self._earlier_seconds = Usage(), 0.0
        self.remove()

    def _state(self, manifest: CheckpointManifest) -> tuple[State | None, str]:
        """Return the state; where it is not what was written, None and why."""
        try:
            if file_sha256(self.folder / STATE) != manifest.sha256:
                return None, f"{STATE} differs from its digest"
            state = torch.load(self.folder / STATE, map_location="cpu", weights_only=True)
        except Exception as error:  # unreadable, or what a library makes of bytes that are no state
            return None, f"{STATE} cannot be read: {str(error).partition(chr(10))[0][:200]}"
        return (state, "") if isinstance(state, dict) else (None, f"{STATE} holds no state")

    def _manifest(self) -> CheckpointManifest | str:
        """Return what the checkpoint says of itself, or why the run cannot go on with it."""
        try:
            manifest = CheckpointManifest.model_validate_json((self.folder / MANIFEST).read_bytes())
        except FileNotFoundError:
            return f"{MANIFEST} is missing"
        except (OSError, ValidationError):
            return f"{MANIFEST} cannot be read, or is of another version of lovt-bench"
        if manifest.run != self._run or manifest.submission != self._submission:
            return "is of another run"
        if manifest.device != self._device:
            return f"was written on {manifest.device}, the run is on {self._device}"
        if manifest.versions != (here := _versions()):
            differing = [
                f"{name} {manifest.versions.get(name)} (here {here[name]})"
                for name in here
                if manifest.versions.get(name) != here[name]
            ]
            return f"was written with {', '.join(differing) or 'other packages'}"
        return manifest

    def _write(self, epochs: int, state: State) -> None:
        with new_folder(self.folder) as folder:
            # On a thread of its own, since torch's writer makes an error of a disk of Ctrl-C and SIGTERM, which Python
            # raises in the main thread: there it waits for the end of the writing, and comes through.
            with DigestedFile(folder / STATE) as file, ThreadPoolExecutor(1) as writer:
                writer.submit(torch.save, state, file).result()  # type: ignore[arg-type]
                file.sync()
            usage = self.usage
            manifest = CheckpointManifest(
                run=self._run,
                submission=self._submission,
                device=self._device,  # type: ignore[arg-type]
                versions=_versions(),
                epochs=epochs,
                seconds=self.seconds,
                peak_host_bytes=usage.peak_host_bytes,
                peak_device_bytes=usage.peak_device_bytes,
                energy_joules=usage.energy_joules,
                sha256=file.sha256,
            )
            (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")


def is_due(seconds: float, cost: float) -> bool:
    """Return whether so many seconds of training are worth a checkpoint, if the last one took `cost` seconds."""
    return seconds >= max(LEAST_SECONDS, SHARE * cost)


def added(earlier: Usage, later: Usage) -> Usage:
    """Return the usage of two attempts at one run: the higher peaks, all the energy as far as it is known."""

    def highest(*peaks: int | None) -> int | None:
        return max((peak for peak in peaks if peak is not None), default=None)

    energies = [each for each in (earlier.energy_joules, later.energy_joules) if each is not None]
    return Usage(
        peak_host_bytes=highest(earlier.peak_host_bytes, later.peak_host_bytes),
        peak_device_bytes=highest(earlier.peak_device_bytes, later.peak_device_bytes),
        energy_joules=round(sum(energies), 1) if energies else None,
    )


def sweep_checkpoints(
    workspace: Path, submission: str, backbone_sha256: str | None, recorded: Iterable[str]
) -> None:
    """Remove the checkpoints of a backbone that nobody goes on with.

    Args:
        workspace: The workspace.
        submission: Name of the backbone.
        backbone_sha256: The backbone of that name as it is now. Checkpoints of one that was replaced go, and those of
            long ago; None leaves both, since a call that took hours does not know what is now.
        recorded: Keys of recorded runs. Their checkpoints go: a process was killed between record and removal.
    """
    folder = workspace / CHECKPOINTS / submission
    sweep(folder)
    done = set(recorded)
    for path in folder.glob("[!.]*"):
        reason = (
            "its run is recorded" if path.name in done else backbone_sha256 and _stale(path, backbone_sha256)
        )
        if reason:
            logger.info("checkpoint %s: %s; removed", path, reason)
            with suppress(OSError):  # another call removes it, or it is somebody else's
                remove(path)


def _stale(path: Path, backbone_sha256: str) -> str | None:
    try:
        manifest = CheckpointManifest.model_validate_json((path / MANIFEST).read_bytes())
        age = time.time() - path.stat().st_mtime
    except (OSError, ValidationError):
        return None  # whoever begins that run says what is wrong
    if manifest.run.backbone_sha256 != backbone_sha256:
        return "the backbone was replaced"
    return f"older than {LONGEST_DAYS} days" if age > 86_400 * LONGEST_DAYS else None


def _versions() -> dict[str, str]:
    # With the build of torch: `2.14.1+cu130` is not `2.14.1+cpu`.
    return {package: version(package) for package in _PACKAGES} | {"torch": str(torch.__version__)}
