"""Kills workers, nodes and drivers at random points and checks what is left:

    python -m tests.benchmark.executor.kills --executor local --kills 50 --seed 1 [--jobs real] [--drivers 2]
    python -m tests.benchmark.executor.kills --executor ray --kills 25 --seed 1 --jobs real --pause 15

Real jobs are trainings of two tiny tasks with a ResNet-18 at 64 pixels, long ones fine-tunings of six epochs with a
checkpoint after each, a U-Net and a YOLOv3; among these a kill waits until a checkpoint was written since the last. No
finished run may be lost, none recorded twice, all records must equal those of an undisturbed run, and no checkpoint may
be left.

    python -m tests.benchmark.executor.kills --executor process --jobs long --signals kill,term --kills 30 --pause 2
"""

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
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from lovt_bench.benchmark.disk.leftovers import abandoned
from lovt_bench.benchmark.log import logger
from tests.benchmark.executor.found import lines, results

PATIENCE = 600
"""Seconds after which an undisturbed driver counts as hanging."""


@dataclass
class Outcome:
    """What was done and found."""

    kills: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    """Workspaces that were finished."""
    drivers: int = 0
    runs: int = 0
    """Runs of one undisturbed round."""
    resumed: int = 0
    """Trainings that went on at a checkpoint, of long jobs."""


_SIGNALS = {"kill": signal.SIGKILL, "term": signal.SIGTERM}


def torment(
    root: Path,
    executor: str,
    kills: int,
    seed: int,
    jobs: str = "toy",
    drivers: int = 1,
    pause: float = 1.0,
    signals: str = "kill",
) -> Outcome:
    """Kill until so many kills hit something, finish the last round, and check.

    Args:
        root: An empty folder.
        executor: `process`, `local` or `ray`.
        kills: How many.
        seed: Seed that chooses victims and times.
        jobs: `toy`, `real` or `long`.
        drivers: Harness processes that share the workspace.
        pause: Longest seconds between two kills.
        signals: `kill`, `term`, or both with a comma between.

    Raises:
        AssertionError: A promise is broken.
    """
    rng, outcome = random.Random(seed), Outcome()
    with _cluster(executor == "ray") as cluster:
        _finish(_driver(root / "undisturbed", "process", jobs))
        expected = results(root / "undisturbed")
        outcome.runs = len(expected)
        while sum(outcome.kills.values()) < kills:
            workspace = root / f"round-{outcome.rounds}"
            numbers = [_SIGNALS[name] for name in signals.split(",")]
            _round(workspace, executor, jobs, drivers, kills, pause, rng, outcome, cluster, numbers)
            _await_workers()
            assert results(workspace) == expected, "records differ from those of an undisturbed run"
            assert not list(workspace.glob("checkpoints/*/*")), "a checkpoint outlived the record of its run"
            assert not abandoned(workspace)
            outcome.resumed += (workspace / "driver.log").read_text().count(", goes on at epoch")
            outcome.rounds += 1
            logger.info("round %d finished and equal, so far %s", outcome.rounds, dict(outcome.kills))
    return outcome


def _round(
    workspace: Path,
    executor: str,
    jobs: str,
    drivers: int,
    kills: int,
    pause: float,
    rng: random.Random,
    outcome: Outcome,
    cluster: Any,
    signals: list[signal.Signals],
) -> None:
    """Disturb one workspace until it is finished in spite of it, or no kill is left."""
    address = cluster.address if cluster else None
    running = [_driver(workspace, executor, jobs, address) for _ in range(drivers)]
    outcome.drivers += drivers
    seen: set[str] = set()
    victim = None
    while sum(outcome.kills.values()) < kills:
        if jobs == "long":
            _await_checkpoint(workspace, running, time.time())
        time.sleep(rng.uniform(0.0, pause))
        if all(driver.poll() is not None for driver in running):
            break
        found = lines(workspace)
        assert seen <= found, "a finished run was lost"
        seen = found
        begins = executor == "local" and not any(_children(driver.pid) for driver in running)
        if begins and victim and victim.startswith("driver"):
            continue  # else no worker would ever be there to be killed on a slow machine
        victim = _kill(rng, running, cluster, rng.choice(signals))
        outcome.kills.update([victim] if victim else [])
        for number, driver in enumerate(running):
            if driver.poll() not in (None, 0):
                running[number] = _driver(workspace, executor, jobs, address)
                outcome.drivers += 1
    for driver in running:
        # A job whose worker was killed too often is given up, and its driver says so: the next one does it.
        while _finish(driver, check=False) != 0:
            driver = _driver(workspace, executor, jobs, address)
            outcome.drivers += 1
    assert seen <= lines(workspace), "a finished run was lost"


def _await_workers() -> None:
    """Wait until no worker of a killed driver works on: it removes its own checkpoint."""
    limit = time.monotonic() + PATIENCE
    while _ray_workers() and time.monotonic() < limit:
        time.sleep(0.2)


def _await_checkpoint(workspace: Path, drivers: list[subprocess.Popen[bytes]], since: float) -> None:
    """Wait until a training has written a checkpoint since the last kill, or the drivers have ended."""
    limit = time.monotonic() + PATIENCE
    while any(driver.poll() is None for driver in drivers):
        assert time.monotonic() < limit, "no training came to a checkpoint"
        for path in workspace.glob("checkpoints/*/*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime > since:
                    return
        time.sleep(0.05)


def _kill(
    rng: random.Random, drivers: list[subprocess.Popen[bytes]], cluster: Any, number: signal.Signals
) -> str | None:
    """Kill a worker, a node or a driver; return which, None where the chosen kind is not there."""
    alive = [driver for driver in drivers if driver.poll() is None]
    kind = rng.choice(["worker", "worker", "driver", *(["node"] if cluster else [])])
    if kind == "driver":
        driver = rng.choice(alive)
        os.kill(driver.pid, number)
        code = driver.wait(PATIENCE)
        # 75 is what was promised; 0 if it had just ended, -15 before it listens.
        assert number == signal.SIGKILL or code in (75, 0, -signal.SIGTERM), (
            f"SIGTERM ended a driver with {code}"
        )
        return f"{kind} by {number.name}" if number != signal.SIGKILL else kind
    if kind == "node":
        node = rng.choice(list(cluster.worker_nodes))
        cluster.remove_node(node, allow_graceful=False)
        _add_node(cluster)
        return kind
    workers = _ray_workers() if cluster else [child for d in alive for child in _children(d.pid)]
    if not workers:
        return None
    try:
        rng.choice(sorted(workers, key=lambda process: process.pid)).send_signal(number)
    except psutil.NoSuchProcess:
        return None
    return f"{kind} by {number.name}" if number != signal.SIGKILL else kind


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []


def _ray_workers() -> list[psutil.Process]:
    mine = psutil.Process().children(recursive=True)
    names = [(process, _name(process)) for process in mine]
    return [process for process, name in names if name.startswith("ray::_do")]


def _name(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@contextmanager
def _cluster(wanted: bool) -> Iterator[Any]:
    """A Ray cluster of a head without work and two nodes."""
    if not wanted:
        yield None
        return
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    from tests.benchmark.executor.test_ray import QUICK_TO_NOTICE

    head = {"num_cpus": 0, "include_dashboard": False, "_system_config": QUICK_TO_NOTICE}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        for _ in range(2):
            _add_node(cluster)
        yield cluster
    finally:
        cluster.shutdown()


def _add_node(cluster: Any, attempts: int = 4) -> None:
    """Add a node; on a busy machine Ray may give up waiting for it to start."""
    for attempt in range(attempts):
        try:
            cluster.add_node(num_cpus=1)
            return
        except Exception:
            if attempt + 1 == attempts:
                raise


def _driver(workspace: Path, executor: str, jobs: str, address: str | None = None) -> subprocess.Popen[bytes]:
    workspace.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.benchmark.executor.driver", str(workspace), executor, jobs]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    log = (workspace / "driver.log").open("ab")
    with log:
        return subprocess.Popen(
            [*command, *([address] if address else [])], env=environment, stdout=log, stderr=log
        )


def _finish(driver: subprocess.Popen[bytes], check: bool = True) -> int:
    code = driver.wait(PATIENCE)
    assert not (check and code), f"an undisturbed driver ended with {code}"
    return code


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--executor", choices=["process", "local", "ray"], default="local")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", choices=["toy", "real", "long"], default="toy")
    parser.add_argument("--drivers", type=int, default=1)
    parser.add_argument("--pause", type=float, default=1.0, help="longest seconds between two kills")
    parser.add_argument("--signals", choices=["kill", "term", "kill,term"], default="kill")
    parser.add_argument(
        "--folder", type=Path, help="an empty one to work in and leave; default: a temporary one"
    )
    arguments = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    start = time.monotonic()
    settings = {name: value for name, value in vars(arguments).items() if name != "folder"}
    with tempfile.TemporaryDirectory(prefix="lovt-kills-") as folder:
        outcome = torment(arguments.folder or Path(folder), **settings)
    killed = ", ".join(f"{count} {kind}s" for kind, count in sorted(outcome.kills.items()))
    sys.stdout.write(
        f"{arguments.executor}, {arguments.jobs} jobs: killed {killed} in {outcome.rounds} rounds of {outcome.runs} "
        f"runs, {outcome.drivers} drivers, {outcome.resumed} trainings resumed, {time.monotonic() - start:.0f} s. "
        "No finished run lost, none recorded twice, all records equal to those of an undisturbed run.\n"
    )


if __name__ == "__main__":
    main()
