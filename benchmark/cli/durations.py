"""Durations as people write them."""

from __future__ import annotations

import re

_DURATION = re.compile(r"(?:(\d+)\s*h)?\s*(?:(\d+)\s*m(?:in)?)?\s*(?:(\d+)\s*s)?", re.IGNORECASE)
_LONGEST = 365 * 24 * 3600


def parse_duration(text: str) -> float:
    """Return the seconds of `2h`, `90m`, `1h30m` or `45s`.

    Raises:
        ValueError: Anything else, nothing, or more than a year.
    """
    match = _DURATION.fullmatch(text.strip())
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    total = 3600 * hours + 60 * minutes + seconds
    if not 0 < total <= _LONGEST:
        raise ValueError(
            f"{text!r} is no duration: expected hours, minutes, seconds such as 2h, 90m or 1h30m"
        )
    return float(total)
