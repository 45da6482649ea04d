"""How far a row was checked: one step of a ladder, from what is known, by a pure function."""

from __future__ import annotations

from benchmark.contract.backbone import Provenance
from benchmark.contract.leaderboard import Evidence

LADDER: tuple[Evidence, ...] = ("declared", "validated", "reproduced", "retrained")
"""From the least to the most."""


def evidence_of(*, measured: bool, weights_here: bool, made_here: bool, claimed: bool) -> Evidence | None:
    """Return the highest step that holds, None where there is neither a number nor weights.

    Args:
        measured: There are final runs of these very weights.
        weights_here: A backbone folder is here; nothing gets there without passing the checks.
        made_here: The harness made these weights by running the submission.
        claimed: The submitter states numbers.
    """
    if measured:
        return "retrained" if made_here else "reproduced"
    if weights_here:
        return "validated"
    return "declared" if claimed else None


def made_here(provenance: Provenance) -> bool:
    """Return whether the harness ran what made the weights.

    Both digests are written by the harness alone: of the container's image, and (for a method of this repository, which
    may run as a process) of its code, corpus, seed and settings.
    """
    return provenance.image_digest is not None or provenance.inputs_sha256 is not None
