"""Text from outside, as it may be shown: a name cannot steer a terminal, turn the reading direction or forge a line."""

from __future__ import annotations

import unicodedata


def printable(text: object, *, lines: bool = False) -> str:
    r"""Return text in which control, format and lone surrogate characters show as escapes (`\x1b`, `\u202e`, `\udcff`).

    Args:
        text: Anything with a text, for example a path.
        lines: Leave line feeds and tabs as they are: for texts of our own that have several lines.
    """
    shown = str(text)
    if shown.isprintable():
        return shown
    return "".join(
        character if _is_harmless(character, lines) else character.encode("unicode_escape").decode("ascii")
        for character in shown
    )


def _is_harmless(character: str, lines: bool) -> bool:
    # Python calls the spaces of other widths not printable; they do no harm.
    return (
        character.isprintable() or unicodedata.category(character) == "Zs" or (lines and character in "\n\t")
    )
