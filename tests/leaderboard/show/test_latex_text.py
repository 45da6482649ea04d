"""Escaped text: without an engine at hand, a small reader checks what an engine would stumble over."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.leaderboard.show.latex_text import latex, shortened
from lovt_bench.leaderboard.text import clean

SYMBOLS = {
    "textbackslash": "\\", "textasciicircum": "^", "textasciitilde": "~", "textless": "<", "textgreater": ">",
    "textbar": "|", "textquotedbl": '"', "textquoteright": "'", "textasciigrave": "`", "ss": "ß", "ae": "æ",
    "AE": "Æ", "o": "ø", "O": "Ø", "oe": "œ", "l": "ł", "L": "Ł", "textperiodcentered": "·", "textpm": "±",
    "texttimes": "×", "ldots": "…", "textendash": "–", "textemdash": "—",
    "textquoteleft": "‘", "textquotedblleft": "“", "textquotedblright": "”", "OE": "Œ", "i": "ı", "dj": "đ",
    "DJ": "Đ", "dh": "ð", "th": "þ", "TH": "Þ",
}  # fmt: skip
MARKS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304", ".": "\u0307",
    "v": "\u030c", "r": "\u030a", "c": "\u0327", "k": "\u0328", "u": "\u0306", "H": "\u030b",
}  # fmt: skip
TOKEN = re.compile(
    r"\\(?P<symbol>[A-Za-z]+)\{\}|\\(?P<mark>[`'^~\"=.]|[vrckuH] )\{(?P<base>[A-Za-z])\}|\\(?P<plain>[{}$&#%_])"
    r"|\{(?P<kept>[-*\[\]])\}|(?P<surd>\$\\surd\$)|(?P<nothing>\{\})"
    r"|(?P<other>[^\\{}$&#%_^~<>|\"'`\[\]*-])"
)


def read(text: str) -> str:
    """Return what LaTeX shows; fails at anything that is neither plain text nor a known command."""
    shown, place = [], 0
    while place < len(text):
        match = TOKEN.match(text, place)
        assert match, f"LaTeX would stumble at {text[place : place + 20]!r}"
        found = {name: value for name, value in match.groupdict().items() if value is not None}
        if "symbol" in found:
            shown.append(SYMBOLS[found["symbol"]])
        elif "mark" in found:
            shown.append(unicodedata.normalize("NFC", found["base"] + MARKS[found["mark"].strip()]))
        else:
            fixed = {"surd": "√", "nothing": ""}
            name, value = next(iter(found.items()))
            shown.append(fixed.get(name, value))
        place = match.end()
    return "".join(shown)


@given(
    st.text(
        st.one_of(st.characters(max_codepoint=127), st.sampled_from("äéçŁßøœŒıđĐðþÞ–—·±√×…‘“”,-")),
        max_size=40,
    )
)
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    escaped = latex(text)
    assert escaped.isascii()
    assert read(escaped) == clean(text, 200)


@pytest.mark.parametrize(("text", "shown"), [("中", "[U+4E2D]"), ("🫁", "[U+1FAC1]"), ("ǖ", "[U+01D6]")])
def test_what_engines_may_not_have_shows_as_its_code_point(text: str, shown: str) -> None:
    assert read(latex(text)) == shown


@given(
    st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="…"), max_size=80),
    st.integers(24, 60),
)
def test_a_name_takes_no_more_place_than_it_is_given(text: str, width: int) -> None:
    """Eighty Chinese characters as code points made a row so wide that the whole table was too small to read."""
    cut = shortened(text, width)
    assert len(read(latex(cut))) <= width
    if len(read(latex(text))) <= width:
        assert cut == clean(text, 200)
    else:
        front, _, back = cut.rpartition("…")
        assert clean(text, 200).startswith(front)
        assert clean(text, 200).endswith(back)


def test_the_end_of_a_long_name_stays() -> None:
    assert (
        shortened("LoVT with more epochs and another text model 30 %", 30) == "LoVT with more epoch…odel 30 %"
    )
