"""`make demo`, command by command."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

from tests.bench.machine import Machine
from tests.bench.rows import Row

REPOSITORY = Path(__file__).resolve().parents[3]


def measure(machine: Machine, folder: Path) -> list[Row]:
    """Run the commands that `make -n demo` lists in a fresh workspace; minutes."""
    environment = os.environ | {"LOVT_BENCH_WORKSPACE": str(folder), "PYTHONPATH": str(REPOSITORY)}
    listed = subprocess.run(
        ["make", "-n", "demo", f"WORKSPACE={folder}"],
        cwd=REPOSITORY, env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    rows = []
    for line in listed.stdout.replace("\\\n", " ").splitlines():
        if "lovt-bench" not in line or line.startswith("echo"):
            continue
        start = time.perf_counter()
        subprocess.run(["bash", "-c", line], cwd=REPOSITORY, env=environment, check=True, capture_output=True)
        seconds = time.perf_counter() - start
        rows.append(Row("`make demo` by part", f"`{_short(line)}`", "s", 1, None, seconds))
    return rows


def _short(line: str) -> str:
    """Return a command of the demo without its options but for the datasets that it is about."""
    if "data prepare" in line:
        return "data prepare (five datasets)"
    command = line.partition("lovt-bench ")[2]
    datasets = ", ".join(re.findall(r"--dataset (\S+)", command))
    name = re.sub(r"\s+", " ", command.partition(" --")[0]).strip()
    return f"{name} ({datasets})" if datasets else name
