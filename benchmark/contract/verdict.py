"""How a run of a submission ended, as the harness saw it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from lovt_bench.benchmark.contract.base import Model


class Verdict(StrEnum):
    """One word for the end of a run."""

    SUCCESS = "success"
    """The backbone passed every check and was taken over."""
    FAILED = "failed"
    """Any exit code that means nothing else, a signal, an entry point that cannot be started."""
    BAD_CONFIGURATION = "bad-configuration"
    """Exit code 64, or an image that the contract does not allow."""
    BAD_DATA = "bad-data"
    """Exit code 65."""
    RESUMABLE = "resumable"
    """Cut off (exit code 75, Ctrl-C, SIGTERM): the same command goes on, with --resume where checkpoints were left."""
    OUT_OF_MEMORY = "out-of-memory"
    TIMEOUT = "timeout"
    """Stopped at the time limit, by SIGTERM or by SIGKILL."""
    OUTPUT_TOO_LARGE = "output-too-large"
    REJECTED = "rejected"
    """Ended well, but what it left breaks the contract; the reasons say how."""
    INFRASTRUCTURE = "infrastructure"
    """The engine or this machine failed. Retried; never counted against a submission."""


class RunVerdict(Model):
    """What is known of one run. Nothing in it comes from the submission but cleaned text in `reasons`."""

    schema_version: Literal[1] = 1
    verdict: Verdict
    message: str
    """What happened and what to do, for a person."""
    reasons: list[str] = []
    """What the checks found, if the result was rejected."""
    exit_code: int | None = None
    """None where the run did not end by itself, or did not start."""
    runtime: Literal["docker", "apptainer", "process"]
    image_digest: str | None = None
    seconds: NonNegativeFloat = 0.0
    """Wall clock from start to end, measured by the harness."""
    peak_memory_bytes: NonNegativeInt | None = None
    """Peak of the container or process, measured by the harness; None if it ended before it could be measured, and with
    Apptainer."""
    attempts: PositiveInt = 1
    """Above 1 where the engine failed in between."""
    resumable: bool = False
    """Whether it left checkpoints that the same command goes on with, given --resume."""

    @property
    def counts(self) -> bool:
        """Whether this is the submission's doing; a failed engine is not."""
        return self.verdict is not Verdict.INFRASTRUCTURE
