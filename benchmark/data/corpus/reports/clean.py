"""White space of report texts (datasets.md section 7.4)."""

from __future__ import annotations

import re

# One pattern for whole runs: patterns that look for a line break inside a run take quadratic time on long ones.
SPACE = re.compile(r"\s+")
BLANKS = re.compile(r"[ \t]+")
LINE_BREAKS = "\r\n"


def clean(text: str) -> str:
    """Return the text on one line.

    A run of white space with a line break in it becomes one blank, as does a run of blanks and tabs; the ends are
    stripped.
    """
    return SPACE.sub(lambda run: " " if _breaks(run[0]) else BLANKS.sub(" ", run[0]), text).strip()


def _breaks(run: str) -> bool:
    return any(character in run for character in LINE_BREAKS)
