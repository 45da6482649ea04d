"""What is said of a name that there is not."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 80
"""Characters of the name that are repeated."""


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return a message with the nearest of the known names, and all of them.

    Args:
        what: What kind the name is: `task`, `profile`.
        name: What was given.
        known: What there is.
    """
    names = list(known)
    return f"unknown {what} {name[:SHOWN]!r}{meant(name, names)}; known: {', '.join(names) or 'none'}"


def meant(name: str, known: Iterable[str]) -> str:
    """Return a question for the nearest of the known names, with a blank before it; nothing where none is near."""
    near = nearest(name, known)
    return f" (did you mean {near[0]}?)" if near else ""


def nearest(name: str, known: Iterable[str], count: int = 1) -> list[str]:
    """Return the known names that somebody may have meant, nearest first; case, `-`, `_` and blanks do not count."""
    plain: dict[str, str] = {}
    for each in known:
        plain.setdefault(_plain(each), each)
    return [plain[each] for each in get_close_matches(_plain(name[:SHOWN]), plain, count)]


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")
