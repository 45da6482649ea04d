"""What a submission says: split into lines, cleaned, bounded, handed on, and kept in a log file."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from benchmark.contract.events import Event, LogLine, MessageEvent, ProgressEvent, parse_line
from benchmark.contract.untrusted import Lines
from benchmark.log import logger

Listener = Callable[[Event | LogLine], None]

PROGRESS_SECONDS = 0.1
"""Progress events that come faster than this are dropped."""
EVENT_BYTES = 100
"""What an event counts towards the limit of the log."""


class Narrator:
    """Reads a stream to its end in a thread of its own, so that a submission never waits for its reader.

    Progress events are thinned out; everything else is handed on until it adds up to `limit` bytes, after that
    dropped. After an exception of the listener, or of writing the log, the stream is read on and dropped, so that the
    submission neither waits nor fails by it; `complain` raises it again.
    """

    def __init__(self, listener: Listener, log: Path, limit: int) -> None:
        self.cut = False
        """Whether something was dropped."""
        self.tail: deque[str] = deque(maxlen=20)
        """The last lines that were handed on."""
        self._listener = listener
        self._left = limit
        self._last_progress = 0.0
        self._lines = Lines()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        log.parent.mkdir(parents=True, exist_ok=True)
        self._file = log.open("w", encoding="utf-8")

    def __enter__(self) -> Narrator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self, stream: Iterable[bytes]) -> None:
        """Begin to read a stream."""
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def end(self, timeout: float = 5.0) -> None:
        """Wait for the stream to end."""
        if self._thread is not None:
            self._thread.join(timeout)

    def complain(self) -> None:
        """Raise what the listener raised, or what kept the log from being written."""
        if self._error is not None:
            raise self._error

    def _read(self, stream: Iterable[bytes]) -> None:
        try:
            for chunk in stream:
                self._hear_all(self._lines.feed(chunk))
            self._hear_all(self._lines.end())
        except Exception as error:
            if type(error).__module__.split(".")[0] not in ("docker", "requests", "urllib3", "http"):
                self._error = self._error or error

    def _hear_all(self, lines: Iterable[bytes]) -> None:
        if self._error is not None:
            return
        try:
            for line in lines:
                self._hear(line)
        except Exception as error:
            logger.warning("the log ends here, the run goes on: %s", error)
            self._error = error

    def _hear(self, line: bytes) -> None:
        if self._left <= 0 and not line.startswith(b'{"event'):
            return
        found = parse_line(line)
        if isinstance(found, ProgressEvent):
            now = time.monotonic()
            if now - self._last_progress < PROGRESS_SECONDS:
                return
            self._last_progress = now
            self._listener(found)
            return
        if self._left <= 0:
            return
        text = found.text if isinstance(found, LogLine | MessageEvent) else found.to_json(None).strip()
        self._left -= max(EVENT_BYTES, len(line)) if not isinstance(found, LogLine) else len(line) + 1
        self.tail.append(text)
        self._write(text)
        self._listener(found)
        if self._left <= 0:
            self.cut = True
            note = "the log is longer than is shown; the rest is dropped"
            self._write(note)
            self._listener(LogLine(note))

    def _write(self, text: str) -> None:
        if not self._file.closed:
            self._file.write(text + "\n")
            self._file.flush()
