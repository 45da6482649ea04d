"""What a submission says: split into lines, cleaned, bounded, handed on, and kept in a log file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from lovt_bench.benchmark.contract.events import Event, LogLine, ProgressEvent, parse_line
from lovt_bench.benchmark.contract.untrusted import Lines
from lovt_bench.benchmark.log import logger
from lovt_bench.benchmark.runtime.run_log import RunLog

Listener = Callable[[Event | LogLine], None]
Chunk = bytes | tuple[bytes | None, bytes | None]
"""A piece of output: both streams together, or standard output and standard error apart."""

PROGRESS_SECONDS = 0.1
"""Progress events that come faster than this are dropped."""
LINES_SHOWN = 60
"""Last lines of each stream that are shown when a run fails and its log was too long to be shown as it came."""


class Narrator:
    """Reads a stream to its end in a thread of its own, so that a submission never waits for its reader.

    Progress events are thinned out; everything else is handed on until it adds up to half of `limit` bytes, after that
    only kept (`RunLog`), and shown where the run failed. After an exception of the listener, or of writing the log, the
    stream is read on and dropped, so that the submission neither waits nor fails by it; `complain` raises it again.
    """

    def __init__(self, listener: Listener, log: Path, limit: int) -> None:
        self._listener = listener
        self._heard = 0
        self._cut = False
        self._last_progress = 0.0
        self._lines = (Lines(), Lines())
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._log = RunLog(log, limit)

    def __enter__(self) -> Narrator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.close()

    def read(self, stream: Iterable[Chunk]) -> None:
        """Begin to read what a run says: chunks of both its streams together, or pairs of each."""
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def end(self, quiet: float = 5.0, longest: float = 60.0) -> None:
        """Wait for the stream to end, or to be quiet: a listener may be slower than the run was."""
        until = time.monotonic() + longest
        while self._thread is not None and self._thread.is_alive() and time.monotonic() < until:
            before = self._heard
            self._thread.join(quiet)
            if self._heard == before:
                return

    def last(self, count: int) -> list[str]:
        """Return the last lines of each stream, handed on or not."""
        return self._log.last(count)

    def show_last(self) -> None:
        """Hand on the last lines where the log was too long for them."""
        if self._cut and self._error is None:
            self._listener(LogLine("… the last lines of the log:"))
            for line in self.last(LINES_SHOWN):
                self._listener(LogLine(line))

    def complain(self) -> None:
        """Raise what the listener raised, or what kept the log from being written."""
        if error := self._error or self._log.error:
            raise error

    def _read(self, stream: Iterable[Chunk]) -> None:
        try:
            for chunk in stream:
                for error, piece in enumerate((chunk,) if isinstance(chunk, bytes) else chunk):
                    if piece:
                        self._hear_all(self._lines[error].feed(piece), error=bool(error))
            for error, lines in enumerate(self._lines):
                self._hear_all(lines.end(), error=bool(error))
        except Exception as failure:
            if type(failure).__module__.split(".")[0] not in ("docker", "requests", "urllib3", "http"):
                self._error = self._error or failure

    def _hear_all(self, lines: Iterable[bytes], *, error: bool) -> None:
        if self._error is not None:
            return
        try:
            for line in lines:
                self._hear(line, error)
        except Exception as failure:
            logger.warning("the log ends here, the run goes on: %s", failure)
            self._error = failure

    def _hear(self, line: bytes, error: bool) -> None:
        self._heard += 1
        if self._log.full and not line.startswith(b'{"event'):
            self._keep(line, error)
            return
        found = parse_line(line)
        if isinstance(found, ProgressEvent):
            now = time.monotonic()
            if now - self._last_progress >= PROGRESS_SECONDS:
                self._last_progress = now
                self._listener(found)
        elif self._log.full:
            self._keep(line, error)
        else:
            self._log.write(line, found)
            self._listener(found)

    def _keep(self, line: bytes, error: bool) -> None:
        self._log.keep(line, error=error)
        if not self._cut:
            self._cut = True
            self._listener(LogLine("… the log is longer than is shown; its last lines are kept"))
