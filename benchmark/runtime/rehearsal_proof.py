"""The proof of a rehearsal: a run that was stopped and went on ends at the weights of a run that was not stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.backbone.place import read_manifest

EPOCHS = 8
"""Of two steps each: long enough for a harness that looks four times a second to stop a run before its end."""
SUBJECT = "weights"


@dataclass(frozen=True)
class Proof:
    """Asks a rehearsal for one more run, from beginning to end."""

    keep: Callable[[Path], None]
    """Gets the folder of that run's backbone before it vanishes."""
    epochs: int = EPOCHS
    """That each run is to have in all."""


def compared(resumed: Path | None, whole: Path, *, learns: bool) -> Finding:
    """Return whether two runs ended at the same weights.

    Args:
        resumed: Backbone folder of the run that was stopped and went on; None where no run was.
        whole: That of the unbroken run.
        learns: Whether the method reads a corpus, so that it has something to go on with.
    """
    end = read_manifest(whole).sha256
    if resumed is None:
        return Finding(
            "error" if learns else "warning",
            SUBJECT,
            "expected a run that is stopped and goes on, to compare with an unbroken one; none was stopped",
            f"train as many epochs as LOVT_BENCH_REHEARSAL_EPOCHS says ({EPOCHS}), leave a checkpoint after each, and "
            "exit with 75 on SIGTERM (docs/contract.md)",
        )
    found = read_manifest(resumed).sha256
    if found == end:
        return Finding("ok", SUBJECT, f"stopped and resumed as unbroken: {end[:16]}")
    return Finding(
        "error",
        SUBJECT,
        f"expected the weights of an unbroken run ({end[:16]}) after a stop and a resume, found others ({found[:16]})",
        "keep all that training depends on in the checkpoint (optimiser, queues, averages), and draw by seed, epoch "
        "and sample, not by what was drawn before",
    )
