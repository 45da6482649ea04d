"""Numbers of the page: short, and what is shown of them is what the full number would show."""

from __future__ import annotations

from leaderboard.layout import percent


def score(value: float) -> float:
    """Return a fraction with as few digits as show the same percentage: six decimals, else all."""
    short = round(value, 6)
    return short if percent(short) == percent(value) else value


def spread(value: float | None) -> float | None:
    """Return a standard deviation or half-width of an interval likewise; None stays None."""
    return None if value is None else score(value)


def short(value: float | None, digits: int = 4) -> float | None:
    """Return a number to some significant digits, for plots and costs; None stays None."""
    return None if value is None else float(f"{value:.{digits}g}")
