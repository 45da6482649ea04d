"""Which patient an image belongs to, from its index alone."""

from __future__ import annotations

from collections.abc import Sequence


def person_of(index: int, pattern: Sequence[int]) -> tuple[int, int]:
    """Return (patient, how many images of the patient come before); `pattern` repeats images a patient."""
    round_, rest = divmod(index, sum(pattern))
    for position, count in enumerate(pattern):
        if rest < count:
            return round_ * len(pattern) + position, rest
        rest -= count
    raise AssertionError("the pattern's sum bounds the rest")
