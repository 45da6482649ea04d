"""What `evaluate --dry-run` shows: runs, time and disk of each task, and totals."""

from __future__ import annotations

import shutil
from pathlib import Path

from rich.filesize import decimal as shown_bytes
from rich.table import Table

from lovt_bench.benchmark.cli.console import console, say
from lovt_bench.benchmark.engine.forecast.forecast import Forecast
from lovt_bench.benchmark.engine.forecast.tasks import total_seconds
from lovt_bench.benchmark.executor.job import Executor
from lovt_bench.leaderboard.text import plural


def print_forecast(forecast: Forecast, executor: Executor, workspace: Path) -> None:
    """Print one line a task, in the order in which they would begin, and whether the disk suffices."""
    table = Table()
    table.add_column("Nr", justify="right")
    table.add_column("Task", no_wrap=True, min_width=30)
    for heading in ("Runs", "Features", "At most", "Disk"):
        table.add_column(heading, justify="right", no_wrap=True)
    for task in forecast.tasks:
        table.add_row(
            str(task.spec.number),
            task.spec.id,
            str(task.runs),
            shown_time(task.feature_seconds) if task.feature_seconds else "",
            shown_time(task.seconds),
            shown_bytes(task.bytes_written) if task.bytes_written else "",
        )
    workers = max(1, executor.workers)
    written = sum(task.bytes_written for task in forecast.tasks)
    table.add_section()
    table.add_row(
        "",
        f"all, {plural(workers, 'worker')}",
        str(sum(task.runs for task in forecast.tasks)),
        shown_time(sum(task.feature_seconds for task in forecast.tasks) / workers),
        shown_time(total_seconds(forecast.tasks, workers)),
        shown_bytes(written),
    )
    console().print(table)
    if runs := sum(task.wider_runs for task in forecast.tasks):
        cost = shown_time(sum(task.wider_seconds for task in forecast.tasks))
        say(
            f"Of these, {runs} runs ({cost} with one worker) tune beyond the ends of learning-rate grids: a grid takes "
            "them one by one, and only while its best rate lies at an end."
        )
    for reason in forecast.impossible.values():
        say(f"cannot begin: {reason}", style="red", lines=True)
    say("Time of this machine, measured just now: less where runs stop early.")
    if forecast.tasks:
        speed = f"{1 / forecast.rates.backbone_forward:.3g} images a second"
        say(f"Bare forward of the backbone here: {speed} of 224 pixels, in batches of 8.")
    free = shutil.disk_usage(_existing(workspace)).free
    if written > free:
        needed, there = shown_bytes(written), shown_bytes(free)
        say(f"The features need {needed}, but {workspace} has {there} free.", style="red")


def shown_time(seconds: float) -> str:
    """Return a duration as people say it: `40 s`, `12 min`, `3:20 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02d} h"


def _existing(path: Path) -> Path:
    path = path.resolve()
    return next(folder for folder in (path, *path.parents) if folder.is_dir())
