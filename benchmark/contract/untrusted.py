"""Text from a submission, made safe to show and to file: no control characters, one line, bounded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LINE_LIMIT = 500
"""Characters of one line of log."""

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""Sequences that move a terminal's cursor, colour it or set its title."""


def clean_text(text: str, limit: int = LINE_LIMIT) -> str:
    """Return one line without terminal sequences, control, format (bidirectional) and unassigned characters.

    Args:
        text: Anything.
        limit: Characters to keep; what is cut shows as `…`.
    """
    # No more is looked at than could end in the result: the input may be megabytes.
    shown = _ESCAPE.sub("", text[: 8 * limit + 64])
    line = "".join(_safe(character) for character in shown).rstrip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _safe(character: str) -> str:
    if character in "\t\n\r\v\f":
        return " "
    category = unicodedata.category(character)
    if category[0] == "C":
        return ""
    return " " if category in ("Zl", "Zp") else character


class Lines:
    """Splits a stream of bytes at line feeds and carriage returns; keeps at most `limit` bytes of a line."""

    def __init__(self, limit: int = 1 << 16) -> None:
        self.limit = limit
        self._part = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the lines that `chunk` completes, without their ends, the empty ones left out."""
        *whole, rest = re.split(rb"[\r\n]+", chunk)
        for piece in whole:
            self._add(piece)
            yield from self.end()
        self._add(rest)

    def end(self) -> Iterator[bytes]:
        """Yield what is left when the stream ends."""
        if self._part:
            yield bytes(self._part)
            self._part.clear()

    def _add(self, piece: bytes) -> None:
        self._part += piece[: self.limit - len(self._part)]
