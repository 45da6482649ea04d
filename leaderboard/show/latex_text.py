"""Text for LaTeX: plain ASCII that any engine reads and typesets as it was.

Characters beyond Latin letters show as their code point: engines have no common font for them.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate

from lovt_bench.leaderboard.text import clean

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquoteright{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",  # so that no two join into a dash
    "*": "{*}",  # a row may not begin with one: it would belong to the \\ before it, as would a bracket
    "[": "{[}",
    "]": "{]}",
    "ß": r"\ss{}",
    "ı": r"\i{}",
    "đ": r"\dj{}",
    "Đ": r"\DJ{}",
    "ð": r"\dh{}",
    "þ": r"\th{}",
    "Þ": r"\TH{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "·": r"\textperiodcentered{}",
    "±": r"\textpm{}",
    "√": r"$\surd$",
    "×": r"\texttimes{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "…": r"\ldots{}",
}

_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u0304": "=", "\u0307": ".",
    "\u030c": "v ", "\u030a": "r ", "\u0327": "c ", "\u0328": "k ", "\u0306": "u ", "\u030b": "H ",
}  # fmt: skip


_COMMAS = re.compile(",(?=,)")
"""Two commas join into a quotation mark."""


def latex(text: str, limit: int = 200) -> str:
    """Return text that LaTeX typesets as it is, in an argument and in a table cell too."""
    return _COMMAS.sub(",{}", "".join(_typeset(character) for character in clean(text, limit)))


def shortened(text: str, width: int) -> str:
    """Return text that takes at most `width` characters once typeset; the middle is left out of a longer one."""
    characters = clean(text, 200)
    if sum(map(_width, characters)) <= width:
        return characters
    front, back = _fitting(characters, 2 * width // 3), _fitting(characters[::-1], width // 3 - 1)[::-1]
    return f"{front.rstrip()}…{back.lstrip()}"


def _typeset(character: str) -> str:
    base, *marks = list(unicodedata.normalize("NFD", character))
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii():
        return character
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii() and base.isalpha():
        return f"\\{_ACCENTS[marks[0]]}{{{base}}}"
    return f"{{[}}{_code_point(character)}{{]}}"


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"


def _width(character: str) -> int:
    code_point = _code_point(character)
    return len(f"[{code_point}]") if code_point in _typeset(character) else 1


def _fitting(characters: str, width: int) -> str:
    """Return the first characters, as many as fit."""
    ends = accumulate(map(_width, characters))
    return "".join(character for character, end in zip(characters, ends, strict=True) if end <= width)
