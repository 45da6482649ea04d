"""Figures of a backbone, drawn and named one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.analysis_questions import Asked, NothingPreparedError, questions
from lovt_bench.benchmark.cli.console import say

if TYPE_CHECKING:
    from lovt_bench.benchmark.analysis.figures.figure import Drawn, LeftOut
    from lovt_bench.benchmark.analysis.question import Question
    from lovt_bench.leaderboard.show.plots.figure import Format

OF_RUNS = ("cases", "curves")
"""Kinds that show results; the others show features."""


@dataclass(frozen=True)
class Target:
    """Where figures go."""

    out: Path
    formats: Sequence[Format]


def draw_features(
    asked: Asked, kinds: Sequence[str], sentence: str | None, target: Target
) -> tuple[int, int]:
    """Draw features on all datasets and corpora that are meant, and return how many figures there are, and failures.

    Raises:
        ValueError: A name says nothing, or nothing is prepared of it.
    """
    from lovt_bench.benchmark.data.errors import DataError

    try:
        chosen = questions(asked)
    except NothingPreparedError as error:
        say(f"Left out, {', '.join(kinds)}: {error}")
        return 0, 0
    drawn, failed = 0, 0
    for name, opened in chosen.items():
        try:
            drawn += _draw(opened(), kinds, sentence, target)
        except (DataError, ValueError) as error:
            failed += 1
            say(f"failed: {name}: {error}", style="red", lines=True)
    return drawn, failed


def _draw(question: Question, kinds: Sequence[str], sentence: str | None, target: Target) -> int:
    from lovt_bench.benchmark.analysis.figures.kinds import OF_FEATURES, OF_METHOD
    from lovt_bench.benchmark.analysis.figures.subject import Subject
    from lovt_bench.benchmark.cli.console import console, progress

    drawn, name = 0, question.store.manifest.name
    with progress("{task.description}", shown_on=console(err=True), transient=True) as bars:
        bar = bars.add_task("", total=None)
        what = f"{question.source.name} on {name}"

        def advance(images: int) -> None:
            bars.advance(bar, images)
            bars.update(bar, description=f"{what}: features of {int(bars.tasks[0].completed)} images")

        subject, known = Subject(question, advance, sentence), OF_FEATURES | OF_METHOD
        if question.no_method and (without := [kind for kind in kinds if kind in OF_METHOD]):
            say(f"Left out, {name}, {', '.join(without)}: {question.no_method}")
            kinds = [kind for kind in kinds if kind not in OF_METHOD]
        for kind in kinds:
            bars.update(bar, description=f"{what}: {kind}")
            drawn += _write(f"{name}, {kind}", known[kind](subject), target)
    return drawn


def draw_runs(
    asked: Asked, kinds: Sequence[str], patterns: Sequence[str], results: Path, target: Target
) -> int:
    """Draw what the final runs of tasks found and learnt, and return how many figures there are."""
    from lovt_bench.benchmark.analysis.figures.cases import case_figures
    from lovt_bench.benchmark.analysis.figures.learning import curve_figures
    from lovt_bench.benchmark.analysis.figures.pretraining import pretraining_figure
    from lovt_bench.benchmark.analysis.figures.runs import newest_cells
    from lovt_bench.benchmark.cli.console import console, progress
    from lovt_bench.benchmark.cli.results import final_records
    from lovt_bench.benchmark.engine.record.rescore import Stores

    drawn, datasets = 0, asked.datasets
    if "curves" in kinds and not datasets and not patterns:
        logs = asked.workspace / "pretraining" / asked.backbone / "logs" / "csv"
        found = pretraining_figure(asked.workspace / "backbones" / asked.backbone, logs)
        drawn += _write("pretraining", [] if found is None else [found], target)
    try:
        records = final_records(results, asked.backbone, patterns, asked.protocol)
    except click.ClickException as error:
        say(f"Left out, {', '.join(kinds)}: {error.message}")
        return drawn
    of_profile = [record for record in records if record.run.profile == asked.profile]
    cells = [
        cell
        for cell in newest_cells(of_profile, asked.workspace)
        if not datasets or cell.spec.dataset in datasets
    ]
    if not cells:
        there = ", ".join(sorted({record.run.profile for record in records}))
        on = f" on {', '.join(datasets)}" if datasets else ""
        say(
            f"Left out, {', '.join(kinds)}: no final run{on} under profile {asked.profile}; there: "
            f"{there} (give --profile)"
        )
        return drawn
    stores = Stores(asked.workspace / "data")
    with progress("{task.description}", shown_on=console(err=True), transient=True) as bars:
        bar = bars.add_task("", total=None)
        for cell in cells:
            bars.update(bar, description=f"{cell.spec.id}: {', '.join(kinds)}")
            if "cases" in kinds:
                drawn += _write(cell.file("cases"), case_figures(cell, results, stores), target)
            if "curves" in kinds:
                drawn += _write(cell.file("curves"), curve_figures(cell), target)
    return drawn


def _write(what: str, figures: Iterable[Drawn | LeftOut], target: Target) -> int:
    """Write figures as they come and say which; return how many. What fails is named, so that the rest is drawn."""
    from lovt_bench.benchmark.analysis.figures.figure import LeftOut, write_drawn
    from lovt_bench.benchmark.data.errors import DataError

    drawn = 0
    try:
        for each in figures:
            if isinstance(each, LeftOut):
                say(f"Left out, {each.name}: {each.why}")
                continue
            write_drawn(each, target.out, target.formats)
            say(f"{each.name}: {each.title}")
            drawn += 1
    except (DataError, ValueError) as error:
        say(f"Left out, {what}: {error}", lines=True)
    return drawn
