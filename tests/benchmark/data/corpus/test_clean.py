"""White space of report texts."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.benchmark.data.corpus.reports.clean import clean

TEXTS = st.text(alphabet=" \t\r\n\x0cab.", max_size=40)


@given(TEXTS)
def test_clean_is_one_line_and_stable(text: str) -> None:
    cleaned = clean(text)
    assert not re.search(r"[\r\n]|[ \t]{2}|\t", cleaned)
    assert clean(cleaned) == cleaned == cleaned.strip()
    assert cleaned.split() == text.split()


def test_long_runs_take_linear_time() -> None:
    assert clean("a" + " " * 500_000 + "b") == "a b"
