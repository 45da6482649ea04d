"""How far a row was checked: one step of a ladder, from what is known, by a pure function.

`reproduced` and `retrained` are the keeper's own word: runs and backbones name who made them, and somebody else's are
what a submitter declares. A name can be forged, so a keeper takes over no record that names them and that they did
not make (docs/leaderboard.md).
"""

from __future__ import annotations

from collections.abc import Iterable

from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.contract.leaderboard import Evidence
from lovt_bench.benchmark.contract.run_record import RunRecord

LADDER: tuple[Evidence, ...] = ("declared", "validated", "reproduced", "retrained")
"""From the least to the most."""


def evidence_of(*, measured: bool, weights_here: bool, made_here: bool, claimed: bool) -> Evidence | None:
    """Return the highest step that holds, None where there is neither a number nor weights.

    Args:
        measured: There are final runs of these very weights, and the keeper ran all of them.
        weights_here: A backbone folder is here; nothing gets there without passing the checks.
        made_here: The keeper made these weights by running the submission.
        claimed: There are numbers or run records of somebody else.
    """
    if measured:
        return "retrained" if made_here else "reproduced"
    if weights_here:
        return "validated"
    return "declared" if claimed else None


def measured_by(keeper: str | None, runs: Iterable[RunRecord]) -> bool:
    """Return whether the keeper ran all of these runs, and there is one."""
    names = {run.measured_by for run in runs}
    return keeper is not None and names == {keeper}


def made_by(provenance: Provenance) -> str | None:
    """Return who made the weights by running the submission with the harness; None where that is not said.

    The digests are written by the harness alone: of the container's image, and (for a method of this repository, which
    may run as a process) of its code, corpus, seed and settings.
    """
    ran = provenance.image_digest is not None or provenance.inputs_sha256 is not None
    return provenance.made_by if ran else None
