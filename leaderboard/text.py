"""Text from submissions is untrusted: cleaned where it enters, escaped where it is shown."""

from __future__ import annotations

import re
import unicodedata

from lovt_bench.benchmark.contract.base import is_name
from lovt_bench.benchmark.contract.display_name import INVISIBLE

_MARKDOWN = str.maketrans({character: f"&#{ord(character)};" for character in "&<>`*_~|[]#\\@$"})
"""Whatever means something in Markdown, HTML, a mention or a formula, as a character reference."""

_FORMULA = ("=", "+", "-", "−", "@")

_FIELD_ENDS = ("\t", "\r", "\n")

_WORDS = frozenset(
    {"", "#n/a", "#na", "<na>", "1.#ind", "1.#qnan", "false", "n/a", "na", "nan", "none", "null", "true"}
)
"""What pandas, R and spreadsheets read as nothing or as a truth value, beside what is a number."""

_LINK = re.compile(r":(?=//)|(?<=www)\.", re.IGNORECASE)
"""What makes a page turn bare text into a link."""


def plural(count: int, one: str) -> str:
    """Return a count with its word."""
    return f"{count:,} {one}{'' if count == 1 else 's'}"


def clean(text: str, limit: int = 80) -> str:
    """Return text on one line without control, formatting or unassigned characters, at most `limit` long.

    Terminal escapes and characters that turn the reading direction vanish; of combining marks at most three
    follow each other.
    """
    if text.isascii() and text.isprintable():  # most texts; nothing of what follows changes them
        return " ".join(text.split())[:limit].strip()
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if category[0] == "C" or marks > 3:
            character = " " if character in "\t\n\r" else ""
        kept.append(" " if category[0] == "Z" else character)
    return " ".join("".join(kept).split())[:limit].strip()


def markdown(text: str) -> str:
    """Return text that Markdown and HTML show as it is, in a table cell too."""
    escaped = clean(text, limit=1000).translate(_MARKDOWN)
    return _LINK.sub(lambda match: f"&#{ord(match.group())};", escaped)


def spreadsheet(text: str) -> str:
    """Return text that stays text in a cell, with an apostrophe before it where it would not.

    A spreadsheet takes = + - @ in front for a formula, in any width and behind whatever it does not show, and the
    readers of data frames take some words for a number, a truth value or nothing.
    """
    seen = "".join(filter(_shows, unicodedata.normalize("NFKC", text))).strip()
    return f"'{text}" if seen[:1] in _FORMULA or _is_value(seen) or text[:1] in _FIELD_ENDS else text


def _shows(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CM" and character not in INVISIBLE


def _is_value(text: str) -> bool:
    if text.casefold() in _WORDS:
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


def slug(text: str, limit: int = 64) -> str:
    """Return text as a `Name`: lower case letters, digits, `.`, `_`, `-`; `x` if nothing is left.

    What no file may be called (`aux`, `run.lock`) begins with `x-` and has no dot.
    """
    name = re.sub(r"[^a-z0-9._-]+", "-", clean(text).lower())[:limit].strip("-._") or "x"
    return name if is_name(name) else f"x-{name.replace('.', '-')}"[:limit].rstrip("-_")
