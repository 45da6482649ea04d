"""How long a command takes to answer, against a Python that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.bench.machine import Machine
from tests.bench.measure import paired
from tests.bench.rows import Row

COMMANDS = {
    "lovt-bench --help": ["--help"],
    "lovt-bench tasks": ["tasks", "list"],
    "lovt-bench leaderboard build --help": ["leaderboard", "build", "--help"],
    "lovt-bench evaluate --help": ["evaluate", "--help"],
}


def measure(machine: Machine, folder: Path) -> list[Row]:
    """Time whole processes."""
    environment = os.environ | {"LOVT_BENCH_WORKSPACE": str(folder)}

    def run(*arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=environment)

    program = "from lovt_bench.benchmark.cli.main import main; main()"
    work = {name: (lambda words=words: run("-c", program, *words)) for name, words in COMMANDS.items()}
    best = paired({"bare": lambda: run("-c", "pass"), **work}, rounds=4)
    return [
        Row("Start-up, against `python -c pass`", f"`{name}`", "s", 1, best["bare"], best[name])
        for name in COMMANDS
    ]
