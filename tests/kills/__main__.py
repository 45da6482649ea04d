"""Kill every command, let it end, compare with an undisturbed one: `python -m tests.kills --kills 60 --seed 1`."""

from __future__ import annotations

import argparse
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.disk.leftovers import abandoned
from lovt_bench.benchmark.log import logger
from tests.kills.world import Command, commands, left_behind, names, state, write_weights

PATIENCE = 600
"""Seconds after which a command counts as hanging."""


@dataclass(frozen=True)
class Known:
    """What is known of a command that nobody disturbed."""

    seconds: float
    renames: int


def run(root: Path, workspace: Path, command: Command, *, at: int = 0, seconds: float = PATIENCE) -> int:
    """Run a command and return its exit code; kill it at a rename or after a time."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kills.victim", str(at), str(root / "count"), *command],
        env={**os.environ, "LOVT_BENCH_WORKSPACE": str(workspace), "OMP_NUM_THREADS": "1"},
        stdout=(root / "output").open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        if seconds == PATIENCE:
            raise
        return process.wait()  # the command may have ended just before


def undisturbed(root: Path, workspace: Path) -> list[Known]:
    """Run all commands and return what is known of each."""
    known = []
    for command in commands(root, workspace):
        start = time.monotonic()
        finish(root, workspace, command)
        known.append(Known(time.monotonic() - start, int((root / "count").read_text())))
        logger.info("%5.1f s, %d renames: %s", known[-1].seconds, known[-1].renames, " ".join(command[:3]))
    return known


def finish(root: Path, workspace: Path, command: Command) -> None:
    """Run a command to its end; one that says so is given `--resume`, one that says that it is done has ended.

    Raises:
        AssertionError: It does not end well.
    """
    code = run(root, workspace, command)
    if code != 0 and "--resume" in (root / "output").read_text():
        code = run(root, workspace, (*command, "--resume"))
    said = (root / "output").read_text()
    # Killed after its last rename, a command without --force finds what it made; whether that is whole is compared.
    assert code == 0 or "is there already; --force" in said, f"{' '.join(command)} ended with {code}:\n{said}"


def torment(root: Path, kills: int, seed: int) -> Counter[str]:
    """Kill each command several times, let it end, and compare; return how often each kind of kill hit.

    Raises:
        AssertionError: Something finished was lost, differs, or something is left behind.
    """
    rng, hits = random.Random(seed), Counter[str]()
    write_weights(root)
    known = undisturbed(root, root / "undisturbed")
    expected, usual = state(root / "undisturbed"), names(root / "undisturbed")
    workspace, number = root / "disturbed", 0
    while sum(hits.values()) < kills:
        number += 1
        if workspace.exists():
            workspace.rename(root / f"round-{number}")
        for command, usually in zip(commands(root, workspace), known, strict=True):
            for kind in rng.sample(["time", "rename", "rename", "time"], 3):
                before = state(workspace)
                if kind == "time":
                    code = run(root, workspace, command, seconds=rng.uniform(0.3, usually.seconds))
                else:
                    code = run(root, workspace, command, at=rng.randint(1, max(1, usually.renames)))
                hits[f"{command[0]}, {kind}"] += code == -signal.SIGKILL
                lost = {name for name in before["records"] if name not in state(workspace)["records"]}
                assert not lost, f"finished runs were lost: {lost}"
            finish(root, workspace, command)
            logger.info("%d kills, equal so far: %s", sum(hits.values()), " ".join(command[:3]))
        found = state(workspace)
        differing = [name for name in expected if found.get(name) != expected[name]]
        assert not differing, f"differs from the undisturbed workspace: {differing}"
        assert not abandoned(workspace), f"left behind: {abandoned(workspace)}"
        assert not (left := left_behind(workspace, usual)), f"left behind: {sorted(left)}"
    return hits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    with tempfile.TemporaryDirectory(prefix="lovt-bench-kills-") as folder:
        hits = torment(Path(folder), options.kills, options.seed)
    for kind, count in sorted(hits.items()):
        logger.info("%3d  %s", count, kind)
    logger.info("%d kills, nothing lost, nothing left behind", sum(hits.values()))


if __name__ == "__main__":
    main()
