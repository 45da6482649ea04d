"""The end of a process that no library can change any more."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import NoReturn

NOT_FLUSHED = 120
"""What Python itself ends with where standard output could not be written."""


def end(code: object) -> NoReturn:
    """End the process with `code` as `sys.exit` does: exit handlers run, streams are flushed.

    Destructors of libraries do not run: a thread of Arrow's may abort a process there whose work is done, which then
    seems to have failed (apache/arrow, issue 34314). A process with threads of its own ends as usual.
    """
    if threading.active_count() > 1 or not (code is None or isinstance(code, int)):
        sys.exit(code)  # type: ignore[arg-type]
    atexit._run_exitfuncs()
    for stream, failed in ((sys.stdout, NOT_FLUSHED), (sys.stderr, 0)):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except OSError:
            code = code or failed
    os._exit(code or 0)
