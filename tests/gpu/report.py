"""`make gpu`: what a real GPU shows, within 12 minutes, as a page that can be committed.

    python -m tests.gpu.report OUT.md

1. All tests that need a GPU; both engines on all 18 tasks are among them.
2. `python -m tests.bench.cuda`.
3. `make demo`, in a workspace of its own.

Each part has its time and is stopped after it; what it printed until then is kept. Exit code 1 says that a part failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import torch

from lovt_bench.benchmark.backbone.platform import platform_of
from tests.conftest import REPOSITORY

TAIL = 12_000
"""Characters of a part's output that the page keeps: its last ones."""


@dataclass(frozen=True)
class Part:
    """One thing that is run."""

    title: str
    command: Sequence[str]
    seconds: int
    """After which it is stopped."""


@dataclass(frozen=True)
class Outcome:
    """How a part ended."""

    part: Part
    code: int | None
    """None where it was stopped by time."""
    seconds: float
    output: str

    @property
    def words(self) -> str:
        if self.code is None:
            return f"stopped after {self.part.seconds} s"
        return (
            f"{'passed' if self.code == 0 else f'failed with exit code {self.code}'} in {self.seconds:.0f} s"
        )


def parts(python: str) -> list[Part]:
    """Return what is run, at most 12 minutes of it."""
    tests = [
        python,
        "-m",
        "pytest",
        "-q",
        "-ra",
        "-m",
        "gpu",
        "-p",
        "no:cacheprovider",
        "tests/gpu",
        "tests/benchmark",
    ]
    return [
        Part("Tests that need a GPU", tests, 300),
        Part("Measurements", [python, "-m", "tests.bench.cuda"], 180),
        Part("Demo", ["make", "demo", f"BIN={Path(python).parent}"], 240),
    ]


def ran(part: Part, environment: Mapping[str, str]) -> Outcome:
    """Run a part, with all that it starts, for as long as it may take."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            part.command,
            cwd=REPOSITORY,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        code: int | None
        try:
            code = process.wait(part.seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            code = None
        output.seek(0)
        text = output.read().decode(errors="replace")
    return Outcome(part, code, time.monotonic() - begin, text)


def page(outcomes: Sequence[Outcome], device: torch.device, day: str) -> str:
    """Return the report as Markdown."""
    platform = platform_of(device)
    facts = "\n".join(f"- {name}: {value}" for name, value in platform.model_dump(exclude_none=True).items())
    table = "\n".join(f"| {each.part.title} | {each.words} |" for each in outcomes)
    sections = "\n\n".join(
        f"## {each.part.title}\n\n`{' '.join(each.part.command[1:])}`\n\n~~~text\n{each.output[-TAIL:].strip()}\n~~~"
        for each in outcomes
    )
    return f"# {platform.device_name}, {day}\n\n{facts}\n\n| part | outcome |\n|---|---|\n{table}\n\n{sections}\n"


@click.command()
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
def main(out: Path) -> None:
    """Run everything that only a GPU can tell, and write OUT.

    \b
    python -m tests.gpu.report build/gpu.md
    """
    if not torch.cuda.is_available():
        raise click.ClickException("no CUDA device here: `lovt-bench doctor` says why")
    outcomes = []
    with tempfile.TemporaryDirectory() as workspace:
        environment = {**os.environ, "LOVT_BENCH_WORKSPACE": workspace}
        for part in parts(sys.executable):
            click.echo(f"{part.title} (at most {part.seconds} s) ...", err=True)
            outcomes.append(ran(part, environment))
            click.echo(f"{part.title}: {outcomes[-1].words}", err=True)
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(
                page(outcomes, torch.device("cuda", 0), datetime.now(UTC).date().isoformat()),
                encoding="utf-8",
            )
    if any(each.code for each in outcomes):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
