"""A stream is read to its end whatever it holds; what is handed on and kept is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.contract.events import Event, LogLine, MessageEvent, ProgressEvent
from benchmark.runtime.narrator import Narrator


def narrate(
    tmp_path: Path, chunks: list[bytes], limit: int = 1000
) -> tuple[list[Event | LogLine], str, bool]:
    heard: list[Event | LogLine] = []
    with Narrator(heard.append, tmp_path / "log", limit) as narrator:
        narrator.read(chunks)
        narrator.end()
    return heard, (tmp_path / "log").read_text(), narrator.cut


def test_lines_and_events_come_through(tmp_path: Path):
    message = b'{"event": "message", "text": "hello"}\n'
    heard, log, cut = narrate(tmp_path, [b"one\ntw", b"o\x1b[1m\n" + message, b"last"])
    assert heard == [LogLine("one"), LogLine("two"), MessageEvent(text="hello"), LogLine("last")]
    assert log == "one\ntwo\nhello\nlast\n"
    assert not cut


def test_a_flood_is_cut_and_said_so(tmp_path: Path):
    heard, log, cut = narrate(tmp_path, [b"x" * 99 + b"\n"] * 5000)
    assert cut
    assert len(heard) == 11
    assert log.splitlines()[-1] == "the log is longer than is shown; the rest is dropped"
    assert len(log) < 1200


def test_progress_is_thinned_out_and_goes_on_after_the_log_was_cut(tmp_path: Path):
    line = b'{"event":"progress","epoch":1}\n'
    heard, _, _ = narrate(tmp_path, [b"x" * 2000 + b"\n", *[line] * 5000])
    assert sum(isinstance(each, ProgressEvent) for each in heard) in range(1, 30)


def test_an_error_of_the_listener_is_raised_at_the_end(tmp_path: Path):
    def listen(_: object) -> None:
        raise ZeroDivisionError

    with Narrator(listen, tmp_path / "log", 1000) as narrator:
        narrator.read([b"one\n"])
        narrator.end()
    with pytest.raises(ZeroDivisionError):
        narrator.complain()


def test_a_log_that_cannot_be_written_does_not_keep_the_run_waiting(tmp_path: Path):
    """A full disk: what the run says is read on, or it would stop at a full pipe for ever."""
    read: list[int] = []

    def stream() -> Iterator[bytes]:
        for number in range(100):
            read.append(number)
            yield b"a line\n"

    (tmp_path / "log").symlink_to("/dev/full")
    narrator = Narrator(lambda _: None, tmp_path / "log", 10_000)
    narrator.read(stream())
    narrator.end()
    assert len(read) == 100
    with pytest.raises(OSError, match="No space left"):
        narrator.complain()


def test_a_broken_connection_ends_the_stream(tmp_path: Path):
    from requests.exceptions import ConnectionError as Broken

    def stream() -> Iterator[bytes]:
        yield b"one\n"
        raise Broken

    heard: list[Event | LogLine] = []
    with Narrator(heard.append, tmp_path / "log", 1000) as narrator:
        narrator.read(stream())
        narrator.end()
    assert heard == [LogLine("one")]
