"""What ends a command in one sentence instead of a traceback; `lovt-bench -v` shows the traceback, too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.log import logger
from lovt_bench.benchmark.printable import printable

_NUMBER = re.compile(r"\[Errno \d+\] ")
"""What Python puts before the words of the system; messages of ours repeat it now and then."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as of a program that SIGINT ended."""


@contextmanager
def said_plainly() -> Iterator[None]:
    """Turn failures of the machine and of files into a `ClickException`, and make messages safe to print."""
    try:
        yield
    except click.ClickException as error:
        cause = error.__cause__
        # A command that repeats what Python says of a failure has nothing to add to it.
        if cause is not None and error.message == str(cause):
            error.message = sentence(cause) or error.message  # type: ignore[misc]
        _debug()
        error.message = _NUMBER.sub("", printable(error.message, lines=True))  # type: ignore[misc]
        raise
    except KeyboardInterrupt as error:
        _debug()
        say(err=True)
        raise _Interrupted("cut off. What was finished before is kept.") from error
    except Exception as error:
        said = sentence(error)
        if said is None:
            raise
        _debug()
        raise click.ClickException(printable(said, lines=True)) from error


def sentence(error: BaseException) -> str | None:
    """Return what happened and what to do, for failures of the machine and of files; None for any other error."""
    if isinstance(error, OSError):
        from lovt_bench.benchmark.disk.words import explain

        return explain(error)
    if isinstance(error, UnicodeDecodeError):
        found = printable(error.object[error.start : error.start + 8])
        return f"a file or its name is not text in UTF-8 (found {found}); save it in UTF-8, or rename it"
    if isinstance(error, UnicodeEncodeError):
        found = printable(error.object[max(0, error.start - 40) : error.end + 40])
        return f"a name cannot be written in {error.encoding} ({found}); rename the file or folder"
    if isinstance(error, RecursionError):
        return "a file is nested too deeply to be read; check that it is what you meant"
    if isinstance(error, EOFError):
        return f"a file ends before it should ({error}); it was cut off: make or copy it again"
    if isinstance(error, RuntimeError) and isinstance(error.__context__, OSError):
        return sentence(error.__context__)  # links in a circle, as `Path.resolve` says it before Python 3.13
    if isinstance(error, MemoryError | RuntimeError):
        from lovt_bench.benchmark.executor.device_errors import FULL, broken_gpu, first_line, full_memory

        if memory := full_memory(error):
            return f"the command {FULL[memory]}"
        if broken_gpu(error):
            return f"the GPU failed ({first_line(error)}); look at `nvidia-smi` and `dmesg`, and run the command again"
    return None


class _Interrupted(click.ClickException):
    exit_code = INTERRUPTED


def _debug() -> None:
    logger.debug("what was being done", exc_info=True)
