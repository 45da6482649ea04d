"""The one logger of the harness. Library code logs here and never prints."""

from __future__ import annotations

import logging
import sys

from lovt_bench.benchmark.printable import printable

logger = logging.getLogger("lovt_bench")


class StandardError(logging.Handler):
    """Prints what is logged to whatever standard error is then; a progress bar may have replaced it."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(printable(self.format(record), lines=True) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            pass  # Nobody reads any more; the work goes on.


def show_log(level: int) -> None:
    """Print what is logged at this level or above."""
    logging.basicConfig(format="%(message)s", handlers=[StandardError()], level=level)
