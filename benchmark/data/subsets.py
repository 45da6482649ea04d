"""Subsets are the first rows of a split in stored order; nothing is drawn (evaluation.md section 4)."""

from __future__ import annotations


def subset_rows(n: int, fraction: float) -> int:
    """Return how many leading rows of `n` a fraction keeps: round(n * fraction), halves to even.

    >>> subset_rows(16010, 0.01), subset_rows(16010, 0.1), subset_rows(5337, 0.1)
    (160, 1601, 534)
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"a fraction lies in [0, 1], found {fraction}")
    return round(n * fraction)
