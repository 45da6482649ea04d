"""Text from outside cannot steer a terminal, turn the reading direction or forge a line."""

from pathlib import Path

import pytest

from lovt_bench.benchmark.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
        ("a\nError: forged", r"a\nError: forged"),
        ("a\rb\tc\x85d\u2028e", r"a\rb\tc\x85d\u2028e"),
        ("\u202egnp.exe \u2066x\u2069 \u200f", r"\u202egnp.exe \u2066x\u2069 \u200f"),
        ("na\u200bme\ufeff", r"na\u200bme\ufeff"),
        (Path("caf\udce9"), r"caf\udce9"),
    ],
    ids=["terminal", "line feed", "other ends", "bidi", "invisible", "no UTF-8"],
)
def test_what_steers_shows_as_an_escape(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(
    "text", ["", "data [v1]/a [/b] :smile:", "Größe ± 3 — ✓ 肺", "no\u00a0break\u2009thin", r"\x1b"]
)
def test_all_else_is_left_as_it_is(text):
    assert printable(text) == text


def test_lines_of_our_own_stay_lines():
    assert printable("first\n\tsecond\x1b", lines=True) == "first\n\tsecond\\x1b"
