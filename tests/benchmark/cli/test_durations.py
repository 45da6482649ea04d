"""Durations as people write them."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.cli.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2h", 7200), ("90m", 5400), ("1h30m", 5400), (" 1H 30min ", 5400), ("45s", 45), ("1h1m1s", 3661)],
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "0h", "-1h", "1.5h", "2h 2h", "30m1h", "1d", "9999999h"])
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="such as 2h, 90m or 1h30m"):
        parse_duration(text)
