"""The log of a run on disk: its beginning and its end, whole lines, and between them how much was left out."""

from __future__ import annotations

import threading
from collections import deque
from heapq import merge
from itertools import islice
from pathlib import Path

from lovt_bench.benchmark.contract.events import Event, LogLine, MessageEvent, parse_line
from lovt_bench.benchmark.contract.untrusted import LINE_LIMIT
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.log import logger

LAST_LINES = 200
"""The end of each stream that is kept, however long its lines are: each is cut at `LINE_LIMIT` characters."""
TAIL_SECONDS = 3.0
"""How long the end may be in memory alone: a harness may be killed."""
EVENT_BYTES = 100
"""What an event counts towards the limit at least."""
RAW_BYTES = 40 * LINE_LIMIT
"""Bytes of a line that are kept before it is cleaned; nobody ever looks at more."""


class RunLog:
    """A file that never holds much more than `limit` bytes.

    The first half of the limit is written line by line. After that, only the last lines are kept: as many as fill the
    other half, and at least `LAST_LINES` of each stream: of an engine the last words of standard error come before
    those of standard output that were said earlier, and would be lost among them.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self.error: OSError | None = None
        """What kept the end from being written."""
        self._path = path
        self._head: list[str] = []
        self._head_left = limit - limit // 2
        self._tails: tuple[deque[tuple[int, bytes]], ...] = (deque(), deque())
        """Number and content of the last lines of standard output and standard error."""
        self._kept = 0
        self._tail_left = limit // 2
        self._lines_left_out = self._bytes_left_out = 0
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether the beginning is complete, so that lines are only kept."""
        return self._head_left <= 0

    def write(self, line: bytes, found: Event | LogLine) -> None:
        """Add a line to the beginning.

        Raises:
            OSError: It cannot be written.
        """
        with self._lock:
            if self._closed:
                return
            text = text_of(found)
            self._head_left -= len(line) + 1 if isinstance(found, LogLine) else max(EVENT_BYTES, len(line))
            self._head.append(text)
            self._file.write(text + "\n")
            self._file.flush()

    def keep(self, line: bytes, *, error: bool = False) -> None:
        """Add a line of one of the streams to the end; what is too much goes in front."""
        with self._lock:
            if self._closed:
                return
            self._kept += 1
            self._tails[error].append((self._kept, line[:RAW_BYTES]))
            self._tail_left -= _size(line)
            while self._tail_left < 0 and (long := [tail for tail in self._tails if len(tail) > LAST_LINES]):
                _, gone = min(long, key=lambda tail: tail[0]).popleft()
                self._tail_left += _size(gone)
                self._lines_left_out += 1
                self._bytes_left_out += len(gone) + 1
            if self._timer is None:
                self._timer = threading.Timer(TAIL_SECONDS, self._write_tail)
                self._timer.daemon = True
                self._timer.start()

    def last(self, count: int) -> list[str]:
        """Return the last lines of standard output, and after them those of standard error.

        Where the beginning has no end yet, the streams are not told apart.
        """
        if not self.full:
            return self._head[-count:]
        with self._lock:
            before = self._head[-(count - self._kept) :] if self._kept < count else []
            lines = [
                line for tail in self._tails for _, line in islice(tail, max(len(tail) - count, 0), None)
            ]
        return [*before, *(text_of(parse_line(line)) for line in lines)]

    def close(self) -> None:
        """Write what is not on disk yet; what comes after is dropped."""
        with self._lock:
            self._closed = True
            timer = self._timer
        if timer is not None:
            timer.cancel()
        self._write_tail()
        self._file.close()

    def _write_tail(self) -> None:
        with self._lock:
            self._timer = None
            if not self._kept:
                return
            gap = (
                [f"… {self._lines_left_out:,} lines ({self._bytes_left_out:,} bytes) were left out here …"]
                if self._lines_left_out
                else []
            )
            text = "\n".join(
                [*self._head, *gap, *(text_of(parse_line(line)) for _, line in merge(*self._tails)), ""]
            )
            try:
                write_text(self._path, text)
            except OSError as error:
                if self.error is None:
                    logger.warning("the end of the log is not written, the run goes on: %s", error)
                self.error = error


def text_of(found: Event | LogLine) -> str:
    """Return the line of a log for something that a submission said."""
    return found.text if isinstance(found, LogLine | MessageEvent) else found.to_json(None).strip()


def _size(line: bytes) -> int:
    return min(len(line), 4 * LINE_LIMIT) + 1
