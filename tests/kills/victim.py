"""One command that ends itself by SIGKILL just before its N-th rename: `python -m tests.kills.victim N COUNT WORDS…`.

N is 0 for never. The number of renames that were made is written to the file COUNT. A folder that takes the place of
another one is two renames, so a kill at each reaches the moment between them.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    limit, count = int(sys.argv[1]), Path(sys.argv[2])
    made, whose = 0, os.getpid()

    def hook(event: str, _: tuple[Any, ...]) -> None:
        nonlocal made
        if event != "os.rename" or os.getpid() != whose:
            return
        made += 1
        if made == limit:
            os.killpg(0, signal.SIGKILL)

    sys.addaudithook(hook)
    sys.argv = ["lovt-bench", *sys.argv[3:]]
    from lovt_bench.benchmark.cli.main import main as command

    try:
        command()
    finally:
        count.write_text(str(made))


if __name__ == "__main__":
    main()
