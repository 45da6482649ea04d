"""What the harness notes of a run while there is one, and in words what has changed since it began."""

from __future__ import annotations

from pydantic import NonNegativeFloat

from lovt_bench.benchmark.contract.base import Model, Sha256
from lovt_bench.benchmark.contract.verdict import RunVerdict
from lovt_bench.benchmark.runtime.inputs import PretrainInputs, differences

CHANGES_SHOWN = 8
UNKNOWN = "unknown"
"""In place of a run's inputs, whose digest equals none."""


class RunState(Model):
    """What the harness notes of a run while there is one."""

    inputs: PretrainInputs | str | None = None
    """What it depends on; their digest alone where an older version wrote it."""
    begun_with: list[Sha256] = []
    """Digests of the inputs that it had before, where the user let it go on with others."""
    taken: bool = False
    """Whether its backbone was taken over."""
    seconds: NonNegativeFloat = 0.0
    """Wall clock of all attempts so far, as the harness measured them."""
    ended: RunVerdict | None = None
    """How the run ended, if it ended well and its backbone is not taken over yet."""

    @property
    def inputs_digest(self) -> str | None:
        """Digest of what it depends on."""
        return self.inputs.digest() if isinstance(self.inputs, PretrainInputs) else self.inputs

    def can_go_on(self, inputs: PretrainInputs) -> bool:
        """Return whether a user may let it go on with inputs that are not what they were."""
        if isinstance(self.inputs, PretrainInputs):
            return self.inputs.method == inputs.method
        return self.inputs != UNKNOWN


def changes(old: PretrainInputs | str | None, new: PretrainInputs) -> str:
    """Return what differs between the inputs of a run and those of now, as the middle of a sentence."""
    if isinstance(old, PretrainInputs):
        found = differences(old, new)
        more = len(found) - CHANGES_SHOWN
        return "; ".join([*found[:CHANGES_SHOWN], *([f"{more} more changed"] if more > 0 else [])])
    if old == UNKNOWN:
        return "a call that was to throw it away was killed"
    return "code, settings, corpus or seed changed (an older version did not note which)"
