"""What a run has left, copied out of its reach: only the files that the contract names, only as plain files.

Everything is opened relative to a folder that is already open, without following links and without waiting, and looked
at after it was opened, so that nothing can be exchanged between a look and a read.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from lovt_bench.benchmark.backbone.place import GRAPH, MANIFEST, WEIGHTS
from lovt_bench.benchmark.contract.analysis_file import ANALYSIS_BYTES, ANALYSIS_FILE
from lovt_bench.benchmark.contract.run_contract import OUTPUT_BACKBONE, Limits
from lovt_bench.benchmark.contract.untrusted import clean_text

CHUNK = 1 << 20


class RejectedError(ValueError):
    """What a submission left breaks the contract."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def copy_backbone(output: Path, target: Path, limits: Limits) -> None:
    """Copy the files of OUTPUT/backbone into the empty folder `target`.

    Args:
        output: What the submission wrote to; it has ended.
        target: Files in it are new and only the caller's.
        limits: Largest sizes.

    Raises:
        RejectedError: No such folder, a name beyond the contract's, a link, something that is no plain file, a size.
    """
    sizes = {
        MANIFEST: limits.manifest_bytes,
        WEIGHTS: limits.weights_bytes,
        GRAPH: limits.weights_bytes,
        ANALYSIS_FILE: min(ANALYSIS_BYTES, limits.weights_bytes),
    }
    folder = _open_folder(output)
    try:
        names = _names(folder, len(sizes))
        if others := sorted(name for name in names if name not in sizes):
            shown = ", ".join(repr(clean_text(name, 60)) for name in others[:3])
            raise RejectedError([f"{OUTPUT_BACKBONE}/ holds {shown}; only {', '.join(sizes)} belong there"])
        if MANIFEST not in names:
            raise RejectedError([f"{OUTPUT_BACKBONE}/ holds no {MANIFEST}"])
        if not names & {WEIGHTS, GRAPH}:
            raise RejectedError([f"{OUTPUT_BACKBONE}/ holds neither {WEIGHTS} nor {GRAPH}"])
        target.mkdir(exist_ok=True)
        for name in sorted(names):
            _copy(folder, name, target / name, sizes[name])
    finally:
        os.close(folder)


def _open_folder(output: Path) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        above = os.open(output, flags)
    except OSError as error:
        raise RejectedError([f"its output is no folder that can be read ({error.strerror})"]) from error
    try:
        return os.open(OUTPUT_BACKBONE, flags, dir_fd=above)
    except FileNotFoundError as error:
        raise RejectedError([f"it left no folder {OUTPUT_BACKBONE}/ in its output"]) from error
    except OSError as error:
        raise RejectedError(
            [f"{OUTPUT_BACKBONE} in its output is no folder that can be read ({error.strerror})"]
        ) from error
    finally:
        os.close(above)


def _names(folder: int, most: int) -> set[str]:
    names: set[str] = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            names.add(entry.name)
            if len(names) > most:  # enough to be wrong; there may be millions
                break
    return names


def _copy(folder: int, name: str, target: Path, limit: int) -> None:
    try:
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        raise RejectedError([f"{name} is no plain file that can be read ({error.strerror})"]) from error
    try:
        _check_plain(os.fstat(source), name, limit)
        left = limit
        with target.open("xb") as writer:
            while chunk := os.read(source, min(CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    raise RejectedError([f"{name} grew while it was read"])
                writer.write(chunk)
    finally:
        os.close(source)


def _check_plain(status: os.stat_result, name: str, limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise RejectedError([f"{name} is no plain file"])
    if status.st_nlink != 1:
        raise RejectedError([f"{name} has {status.st_nlink} names (hard links); expected a file of its own"])
    if status.st_size > limit:
        raise RejectedError([f"{name} has {status.st_size:,} bytes; at most {limit:,} are taken"])
