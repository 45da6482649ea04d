"""The streams that a command writes to: they hold whatever is printed, and end it quietly where nobody can read on."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

NOBODY_READS = 141
"""Exit code where the reader of standard output has gone, as of a program that SIGPIPE ended (`| head`)."""

NOT_WRITTEN = 74
"""`EX_IOERR`: exit code where standard output cannot be written, to a full disk for example."""


@contextmanager
def robust_streams() -> Iterator[None]:
    """Print through streams that never raise for what is printed, and let nothing of them be said at the very end.

    Standard output that cannot be written ends the command, since that is its result; standard error is dropped then.
    """
    _occupy()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Stream(sys.stdout, is_result=True), _Stream(sys.stderr, is_result=False)
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout, sys.stderr = before


def _occupy() -> None:
    """Put the null device where a standard descriptor is closed: a file of ours would be opened in its place."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


class _Stream(io.TextIOBase):
    """A text stream over another one, which has no bytes: whoever looks for those would go around it."""

    def __init__(self, stream: TextIO | None, *, is_result: bool) -> None:
        self._stream, self._is_result = stream, is_result

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self._stream, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "replace"

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    def fileno(self) -> int:
        if self._stream is None:
            raise io.UnsupportedOperation("the stream is closed")
        return self._stream.fileno()

    def write(self, text: str) -> int:
        if self._stream is not None:
            held = text.encode(self.encoding, "replace").decode(self.encoding)
            with self._ending():
                self._stream.write(held)
        return len(text)

    def flush(self) -> None:
        if self._stream is not None:
            with self._ending():
                self._stream.flush()

    @contextmanager
    def _ending(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # What is still in the buffer goes nowhere, without a word at the exit of the interpreter.
            with suppress(OSError, ValueError):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, self.fileno())
                os.close(null)
            if not self._is_result:
                return
            if error.errno == errno.EPIPE:
                raise SystemExit(NOBODY_READS) from None
            sys.stderr.write(f"Error: standard output cannot be written: {error.strerror}.\n")
            raise SystemExit(NOT_WRITTEN) from None
