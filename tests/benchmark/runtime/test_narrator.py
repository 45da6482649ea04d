"""A stream is read to its end whatever it holds; what is handed on and kept is bounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.events import Event, LogLine, MessageEvent, ProgressEvent
from lovt_bench.benchmark.runtime import run_log
from lovt_bench.benchmark.runtime.narrator import Chunk, Narrator


def narrate(
    tmp_path: Path, chunks: Iterable[Chunk], limit: int = 1000
) -> tuple[list[Event | LogLine], str, Narrator]:
    heard: list[Event | LogLine] = []
    with Narrator(heard.append, tmp_path / "log", limit) as narrator:
        narrator.read(chunks)
        narrator.end()
    return heard, (tmp_path / "log").read_text(), narrator


def test_lines_and_events_come_through(tmp_path: Path):
    message = b'{"event": "message", "text": "hello"}\n'
    heard, log, narrator = narrate(tmp_path, [b"one\ntw", b"o\x1b[1m\n" + message, b"last"])
    assert heard == [LogLine("one"), LogLine("two"), MessageEvent(text="hello"), LogLine("last")]
    assert log == "one\ntwo\nhello\nlast\n"
    narrator.show_last()
    assert len(heard) == 4, "all was shown"


def test_of_a_flood_beginning_and_end_are_kept_and_what_is_left_out_is_counted(tmp_path: Path):
    lines = [f"line {number} \x1b[1m" + "x" * 50 for number in range(50_000)]
    heard, log, narrator = narrate(tmp_path, (f"{line}\n".encode() for line in lines), limit=100_000)
    kept = log.splitlines()
    clean = [line.replace("\x1b[1m", "") for line in lines]
    (gap,) = (number for number, line in enumerate(kept) if line.startswith("…"))
    assert kept[:gap] == clean[:gap]
    assert kept[gap + 1 :] == clean[gap + 1 - len(kept) :]
    left_out = lines[gap : gap + 1 - len(kept)]
    size = sum(len(line) + 1 for line in left_out)
    assert kept[gap] == f"… {len(left_out):,} lines ({size:,} bytes) were left out here …"
    assert 80_000 < len(log) < 100_500
    assert len(heard) == gap + 1, "all of the beginning, and that there is more"
    narrator.show_last()
    assert [line.text for line in heard if isinstance(line, LogLine)][-60:] == clean[-60:]


def test_the_last_200_lines_are_kept_however_long_they_are(tmp_path: Path):
    lines = [f"{number} ".encode() + "é".encode() * 5_000 + b"\n" for number in range(300)]
    _, log, _ = narrate(tmp_path, lines, limit=1000)
    assert [line.split()[0] for line in log.splitlines()][-200:] == [
        str(number) for number in range(100, 300)
    ]
    assert len(log) < 102_000


def test_the_last_lines_are_those_of_the_beginning_where_it_has_just_filled(tmp_path: Path):
    lines = [b"import absent\n", b"ModuleNotFoundError: No module named 'absent'\n"]
    _, _, narrator = narrate(tmp_path, lines, limit=2 * len(b"".join(lines)))
    assert narrator.last(20) == [line.decode().strip() for line in lines]
    _, _, narrator = narrate(tmp_path, [*lines, b"one more\n"], limit=2 * len(b"".join(lines)))
    assert narrator.last(2) == ["ModuleNotFoundError: No module named 'absent'", "one more"]


def test_the_end_of_standard_error_is_kept_and_shown_last_though_it_comes_before_other_lines(tmp_path: Path):
    """As an engine hands it on: each stream has a buffer of its own."""
    error = b"Traceback (most recent call last):\nValueError: the bug\n"
    chunks = [(b"out\n" * 2000, None), (b"half a li", error), (b"ne\n" + b"late\n" * 5000, None)]
    heard, log, narrator = narrate(tmp_path, chunks)
    assert "Traceback (most recent call last):\nValueError: the bug\n" in log
    assert log.endswith("late\n" * 200)
    narrator.show_last()
    assert heard[-3:] == [LogLine("late"), *map(LogLine, error.decode().splitlines())]
    _, log, _ = narrate(tmp_path, [(b"half a li", error), (b"ne\n", None)])
    assert log == error.decode() + "half a line\n"


def test_what_follows_without_a_gap_is_one_log(tmp_path: Path):
    lines = [f"{number:08}" for number in range(100)]
    _, log, _ = narrate(tmp_path, ["\n".join(lines).encode()], limit=1000)
    assert log.splitlines() == lines


def test_events_beyond_the_beginning_are_in_the_end(tmp_path: Path):
    message = b'{"event": "message", "text": "hello"}\n'
    heard, log, _ = narrate(tmp_path, [b"x" * 600 + b"\n", message])
    assert log.splitlines()[-1] == "hello"
    assert MessageEvent(text="hello") not in heard


def test_the_end_is_on_disk_while_a_run_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The harness may be killed: what it knows of a run is not in its memory alone for long."""
    monkeypatch.setattr(run_log, "TAIL_SECONDS", 0.2)
    over = threading.Event()

    def stream() -> Iterator[bytes]:
        yield b"line\n" * 1000 + b"the last one\n"
        over.wait(30)

    with Narrator(lambda _: None, tmp_path / "log", 1000) as narrator:
        narrator.read(stream())
        for _ in range(200):
            if kept := "the last one" in (tmp_path / "log").read_text():
                break
            time.sleep(0.05)
        over.set()
    assert kept


def test_a_listener_that_is_slower_than_the_run_is_waited_for(tmp_path: Path):
    heard: list[Event | LogLine] = []

    def listen(event: Event | LogLine) -> None:
        time.sleep(0.1)
        heard.append(event)

    with Narrator(listen, tmp_path / "log", 1000) as narrator:
        narrator.read([b"line\n" * 10])
        narrator.end(quiet=0.3)
    assert len(heard) == 10


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
