"""How a submission's process ends. The numbers are those of `sysexits.h` where it has one."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of a submission."""

    DONE = 0
    FAILED = 1
    """Anything that is not one of the others."""
    BAD_CONFIGURATION = 64
    """An option or setting is wrong; running again as it stands is of no use."""
    BAD_DATA = 65
    """The corpus is missing, damaged, or lacks what the method needs."""
    RESUMABLE = 75
    """Cut off; the same command goes on, with `--resume` where checkpoints were left. `lovt-bench pretrain` itself ends
    so after Ctrl-C and SIGTERM, and where a time limit, a full disk or an engine ended a run that left checkpoints."""
