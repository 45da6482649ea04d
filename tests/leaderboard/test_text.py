"""Names of submissions come from strangers: nothing in them reaches a page or a terminal as code."""

from __future__ import annotations

import io
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.benchmark.contract.base import is_name
from lovt_bench.leaderboard.text import clean, markdown, slug, spreadsheet

HOSTILE = "<script>alert(1)</script>|`x`\n# **b** [l](https://evil.example) @all $x$"


def test_clean_takes_terminal_escapes_and_line_ends_out() -> None:
    assert clean("\x1b[31mred\x1b[0m\nnext\x00") == "[31mred[0m next"


def test_clean_takes_characters_out_that_turn_the_reading_direction() -> None:
    assert clean("LoVT\u202e001\u2066 \u200bx") == "LoVT001 x"


@given(st.text(st.characters(codec="ascii"), max_size=100), st.integers(1, 90))
def test_clean_treats_plain_text_as_any_other(text: str, limit: int) -> None:
    """A character that vanishes keeps the text from the short way."""
    assert clean(text, limit) == clean(f"\u200b{text}", limit)


def test_clean_keeps_names_of_the_world() -> None:
    assert clean("Müller’s 医学 Ärzte-Netz") == "Müller’s 医学 Ärzte-Netz"


def test_clean_limits_towers_of_combining_marks_and_length() -> None:
    assert len(clean("a" + "\u0336" * 500)) <= 4
    assert len(clean("x" * 500)) == 80


def test_markdown_leaves_nothing_that_a_page_acts_on() -> None:
    shown = markdown(HOSTILE)
    assert not set(shown) & set("<>|`*[]@$\n")
    assert "://" not in shown


@given(st.text())
def test_markdown_shows_what_clean_left(text: str) -> None:
    shown = markdown(text)
    decoded = re.sub(r"&#(\d+);", lambda match: chr(int(match.group(1))), shown)
    assert decoded == clean(text, limit=1000)


FORMULAS = ["=1+1", "+1+cmd", "-1+cmd", "−1+cmd", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠SUM(A1)", "﹦1", "₌1"]


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize(
    "front", ["", " ", "\u00a0", "\t", "\r", "\u200b", "\ufeff", "\u2800", "\u3164\u3000", "\ufe0f"]
)
def test_a_spreadsheet_sees_no_formula(front: str, text: str) -> None:
    assert spreadsheet(front + text) == f"'{front}{text}"


@pytest.mark.parametrize("text", ["\tx", "\rx", "\nx"])
def test_a_cell_does_not_begin_with_what_may_end_one(text: str) -> None:
    assert spreadsheet(text) == f"'{text}"


def test_a_spreadsheet_sees_plain_names_as_they_are() -> None:
    for name in (
        "LoVT 30 %",
        "a=b",
        "x-1",
        "nano",
        "nullify",
        "na-1",
        "Infinite",
        "1 e 5",
        "e5",
        "MoCo v2",
        "v1.0",
    ):
        assert spreadsheet(name) == name


WORDS = [
    "nan",
    "NaN",
    "null",
    "NA",
    "None",
    "inf",
    "1e5",
    "007",
    "True",
    "false",
    "n/a",
    "<NA>",
    "-nan",
    "1.5",
    " 7",
    "１２",
]


def test_names_survive_a_reader_of_data_frames() -> None:
    """pandas would read `nan` as nothing and `007` as seven, with quotation marks too."""
    text = "name,number\n" + "".join(f"{spreadsheet(word)},{index}\n" for index, word in enumerate(WORDS))
    frame = pd.read_csv(io.StringIO(text))
    assert list(frame["name"]) == [f"'{word}" for word in WORDS]


@given(st.text() | st.sampled_from(["aux", "con.txt", "run.lock", "x.json", "y" * 63 + ".log", "com1.a.b."]))
def test_a_slug_is_always_a_name(text: str) -> None:
    assert is_name(slug(text))


def test_a_slug_of_what_no_file_may_be_called_keeps_its_word() -> None:
    assert [slug("AUX"), slug("run.lock"), slug("LoVT 30 %")] == ["x-aux", "x-run-lock", "lovt-30"]
