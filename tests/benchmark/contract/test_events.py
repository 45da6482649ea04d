"""Whatever a submission writes on its output becomes an event or a clean line; nothing raises, nothing is unbounded."""

from __future__ import annotations

import json
import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.benchmark.contract.events import (
    EpochEvent,
    LogLine,
    MessageEvent,
    ProgressEvent,
    StartEvent,
    parse_line,
)
from lovt_bench.benchmark.contract.untrusted import LINE_LIMIT, Lines, clean_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(["start", "progress", "epoch", "done", "message"])
FIELDS = st.sampled_from(
    ["epoch", "epochs", "step", "steps", "images_per_second", "seconds_left", "values", "text"]
)


def assert_clean(text: str, limit: int = LINE_LIMIT) -> None:
    assert len(text) <= limit
    assert not [c for c in text if unicodedata.category(c)[0] == "C" or c in "\u2028\u2029"]


@given(st.binary(max_size=3000))
def test_any_bytes_give_an_event_or_a_clean_line(line: bytes):
    found = parse_line(line)
    if isinstance(found, LogLine):
        assert_clean(found.text)


@given(KINDS, st.dictionaries(FIELDS, JSON, max_size=6))
def test_events_with_any_values_are_bounded(kind: str, fields: dict[str, object]):
    found = parse_line(json.dumps({"event": kind, **fields}).encode())
    if isinstance(found, ProgressEvent | EpochEvent):
        assert len(found.values) <= 16
        assert all(math.isfinite(value) for value in found.values.values())
        for name in found.values:
            assert_clean(name, 40)
    elif isinstance(found, StartEvent | MessageEvent | LogLine):
        assert_clean(found.text)


def test_an_event_keeps_its_numbers():
    line = (
        b'{"event": "progress", "epoch": 2, "epochs": 5, "step": 7, "values": {"loss": 0.5}, "later": true}'
    )
    assert parse_line(line) == ProgressEvent(epoch=2, epochs=5, step=7, values={"loss": 0.5})


@pytest.mark.parametrize(
    "line",
    [
        b'{"event": "epoch"}',
        b'{"event": "progress", "epoch": -1}',
        b'{"event": "progress", "epoch": 1e400}',
        b'{"event": "progress", "values": {"loss": NaN}}',
        b'{"event": "success"}',
        b'{"loss": 1}',
        b"[" * 10_000,
        b'{"event":' * 10_000,
    ],
)
def test_what_is_no_event_is_log(line: bytes):
    assert isinstance(parse_line(line), LogLine)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[2J\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07shown", "shown"),
        ("abc\u202egnp.exe", "abcgnp.exe"),
        ("a\tb\x00c\x85", "a bc"),
        ("a\u2028b", "a b"),
        ("x" * 900, "x" * 499 + "…"),
    ],
)
def test_a_terminal_is_safe_from_text(text: str, expected: str):
    assert clean_text(text) == expected


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_lines_do_not_depend_on_how_the_stream_was_cut(chunks: list[bytes]):
    def split(pieces: list[bytes]) -> list[bytes]:
        lines = Lines()
        return [line for piece in pieces for line in lines.feed(piece)] + list(lines.end())

    assert split(chunks) == split([b"".join(chunks)])


def test_a_line_without_end_is_cut():
    lines = Lines(limit=10)
    assert not [line for _ in range(1000) for line in lines.feed(b"x" * 100)]
    assert list(lines.feed(b"\nnext\n")) == [b"x" * 10, b"next"]
