"""Numbers of an analysis as text."""

from __future__ import annotations

from lovt_bench.benchmark.contract.embedding_report import Spread


def as_number(value: float | None, scale: float = 1.0) -> str:
    """Return a number with four digits behind the point; a dash where there is none."""
    return "–" if value is None else f"{scale * value:.4f}"


def as_power(value: float | None) -> str:
    """Return a number as a power of ten."""
    return "–" if value is None else f"{value:.2e}"


def as_spread(value: Spread | None, scale: float = 1.0) -> str:
    """Return a mean and its standard deviation."""
    if value is None:
        return "–"
    return f"{scale * value.mean:.4f}" + ("" if value.std is None else f" ± {scale * value.std:.4f}")
