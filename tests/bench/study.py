"""The phantom study: every method under one budget on all 18 tasks, by the commands that people type.

    python -m tests.bench.study --workspace DIR [--lanes 2] [--only NAME …]

Draws the phantom, prepares it, pre-trains each checkpoint of `CHECKPOINTS`, takes it through the tasks by the profile
`demo`, and builds the board. As many checkpoints are made at a time as there are lanes, with one thread each. What is
there already is not made again, and what was cut off goes on. What the commands print goes to `DIR/study/NAME.log`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

DATASETS = ("rsna", "siim", "covid-rural", "object-cxr", "nih-cxr")
STUDIES = 800
"""Drawn for pre-training: some 3,000 views are five epochs of 599 reports, or two of 719 images with two views each."""


@dataclass(frozen=True)
class Checkpoint:
    """One pre-training: a method, its seed, and settings beyond its profile `demo`."""

    method: str
    seed: int = 1
    settings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.method.replace('_', '-')}-{self.seed}"


def seeds(method: str, *settings: str) -> list[Checkpoint]:
    return [Checkpoint(method, seed, settings) for seed in (1, 2, 3)]


CEILING = ("max_epochs=14", "schedule=plateau")
OTHERS = [
    "convirt",
    "clip",
    "mgca",
    "gloria",
    "chexpert",
    "byol",
    "pixpro",
    "densecl",
    "mae",
    "dino",
    "pixelpro",
]
CHECKPOINTS = [
    Checkpoint("phantom_masks", 1, CEILING),
    *chain(*zip(seeds("lovt"), seeds("simclr"), strict=True)),
    Checkpoint("labels"),
    *(Checkpoint(method) for method in OTHERS),
    *seeds("phantom_masks", *CEILING)[1:],
]
"""What the study cannot do without comes first."""
RANDOM = "random-resnet18"


class Commands:
    """Runs `lovt-bench` in one workspace; a command that fails ends its lane, and its log is named."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.logs = workspace / "study"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.began = time.monotonic()

    def run(self, log: str, *arguments: str, threads: int | None = None) -> None:
        environment = {**os.environ, "LOVT_BENCH_WORKSPACE": str(self.workspace)}
        if threads:
            environment["OMP_NUM_THREADS"] = str(threads)
        began = time.monotonic()
        path = self.logs / f"{log}.log"
        with path.open("ab") as file:
            command = [str(Path(sys.executable).with_name("lovt-bench")), *arguments]
            code = subprocess.run(command, stdout=file, stderr=file, env=environment, check=False).returncode
        if code:
            raise SystemExit(f"lovt-bench {' '.join(arguments)} ended with {code}: see {path}")
        now = time.monotonic()
        sys.stdout.write(f"{(now - self.began) / 60:6.1f} min  {now - began:5.0f} s  {' '.join(arguments)}\n")
        sys.stdout.flush()

    def data(self) -> None:
        """Draw and prepare what all checkpoints share."""
        raw = self.workspace / "phantom"
        others = chain.from_iterable(("--dataset", name) for name in DATASETS if name != "rsna")
        self.run("data", "data", "phantom", "--images", "240", "--side", "384", "--dataset", "rsna")
        self.run("data", "data", "phantom", "--images", "120", "--side", "384", *others)
        self.run(
            "data", "data", "phantom", "--images", str(STUDIES), "--side", "256", "--dataset", "mimic-cxr"
        )
        for name in DATASETS:
            self.run("data", "data", "prepare", name, "--raw", str(raw / name))
        self.run("data", "corpus", "prepare", "mimic-cxr", "--raw", str(raw / "mimic-cxr"))
        if not (self.workspace / "corpora" / "phantom-masks").exists():
            self.run("data", "corpus", "phantom-masks", "--images", "1500", "--side", "128")

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Pre-train and evaluate."""
        name = checkpoint.name
        if not (self.workspace / "backbones" / name).exists():
            seed = ["--seed", str(checkpoint.seed), "--name", name]
            settings = chain.from_iterable(("--set", setting) for setting in checkpoint.settings)
            options = ["--runtime", "process", "--profile", "demo", "--no-online-evaluation"]
            resume = ["--resume"] if list(self.workspace.glob(f"pretraining/{name}/checkpoints/*")) else []
            self.run(name, "pretrain", checkpoint.method, *seed, *options, *settings, *resume, threads=1)
        self.evaluate(name)

    def evaluate(self, name: str) -> None:
        self.run(name, "evaluate", name, "--profile", "demo", "--executor", "process", threads=1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument(
        "--lanes", type=int, default=os.cpu_count() or 1, help="checkpoints at a time [default: cores]"
    )
    names = [RANDOM, *(one.name for one in CHECKPOINTS)]
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=names, default=names, help=", ".join(names)
    )
    asked = parser.parse_args()
    commands = Commands(asked.workspace.resolve())
    commands.data()
    steps = {one.name: partial(commands.checkpoint, one) for one in CHECKPOINTS}
    steps[RANDOM] = partial(commands.evaluate, RANDOM)
    with ThreadPoolExecutor(max(1, asked.lanes)) as lanes:
        rows = [lanes.submit(steps[name]) for name in names if name in asked.only]
        try:
            wait(rows)
        except KeyboardInterrupt:
            lanes.shutdown(cancel_futures=True)
            raise
    failed = [str(row.exception()) for row in rows if row.exception()]
    commands.run("board", "leaderboard", "build")
    sys.exit("\n".join(failed) or None)


if __name__ == "__main__":
    main()
