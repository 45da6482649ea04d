"""Numbers of the page: short, and what is shown of them is what the full number would show."""

from __future__ import annotations

from lovt_bench.leaderboard.show.layout import percent


def score(value: float) -> float:
    """Return a fraction with as few digits, five or more, as show the same percentage."""
    return next(
        (short for digits in (5, 6, 8) if percent(short := round(value, digits)) == percent(value)), value
    )


def spread(value: float | None) -> float | None:
    """Return a standard deviation, an interval's half-width or a difference likewise; None stays None."""
    return None if value is None else score(value)


def short(value: float | None, digits: int = 4) -> float | None:
    """Return a number to some significant digits, for plots and costs; None stays None."""
    return None if value is None else float(f"{value:.{digits}g}")
