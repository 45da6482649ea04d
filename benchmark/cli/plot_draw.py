"""Figures of a backbone, drawn and named one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lovt_bench.benchmark.cli.analyze import prepared_images
from lovt_bench.benchmark.cli.console import say

if TYPE_CHECKING:
    from lovt_bench.benchmark.analysis.figures.figure import Drawn, LeftOut
    from lovt_bench.benchmark.analysis.question import Question
    from lovt_bench.leaderboard.show.plots.figure import Format

OF_RUNS = ("cases", "curves")
"""Kinds that show results; the others show features."""


@dataclass(frozen=True)
class Asked:
    """What all figures of a call share."""

    backbone: str
    workspace: Path
    profile: str
    protocol: str
    out: Path
    formats: Sequence[Format]


def draw_features(
    asked: Asked,
    kinds: Sequence[str],
    datasets: tuple[str, ...],
    corpora: tuple[str, ...],
    level: str | None,
    seed: int | None,
    device: Any,
    sentence: str | None,
) -> tuple[int, int]:
    """Draw features on all datasets and corpora that are meant, and return how many figures there are, and failures.

    Raises:
        ValueError, DataError: Nothing can be drawn.
    """
    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.tasks.profile import input_side, load_profile
    from lovt_bench.tasks.protocol import load_protocol

    # Names first, then data, then what imports torch, which takes seconds.
    limits, rules = load_profile(asked.profile), load_protocol(asked.protocol)
    chosen = prepared_images(datasets, corpora, asked.workspace, rules)
    from lovt_bench.benchmark.analysis.embeddings import level_of
    from lovt_bench.benchmark.analysis.question import Question, analysis_file_of
    from lovt_bench.benchmark.backbone.sources import resolve
    from lovt_bench.benchmark.engine.device.choice import choose_device

    source, place = resolve(asked.backbone, asked.workspace), choose_device(device)
    level_of(source, level)
    file = analysis_file_of(source)
    drawn, failed = 0, 0
    for name, opened in chosen.items():
        try:
            kind, identity, store, studies = opened()
            question = Question(
                source=source,
                kind=kind,
                dataset_sha256=identity,
                store=store,
                most_images=limits.max_test_images,
                level=level,
                seed=rules.runs.final_seeds[0] if seed is None else seed,
                side=input_side(limits, rules),
                half=rules.optimisation.frozen_feature_precision == "float16",
                protocol=rules.name,
                declared=rules.data.normalisation == "declared",
                device=place,
                workspace=asked.workspace,
                studies=studies,
                file=file,
            )
            drawn += _draw(question, kinds, asked, sentence)
        except (DataError, ValueError) as error:
            if len(chosen) == 1:
                raise
            failed += 1
            say(f"failed: {name}: {error}", style="red", lines=True)
    return drawn, failed


def _draw(question: Question, kinds: Sequence[str], asked: Asked, sentence: str | None) -> int:
    from lovt_bench.benchmark.analysis.figures.kinds import OF_FEATURES, OF_METHOD
    from lovt_bench.benchmark.analysis.figures.subject import Subject
    from lovt_bench.benchmark.cli.console import console, progress

    drawn = 0
    with progress("{task.description}", shown_on=console(err=True), transient=True) as bars:
        bar = bars.add_task("", total=None)
        what = f"{question.source.name} on {question.store.manifest.name}"

        def advance(images: int) -> None:
            bars.advance(bar, images)
            bars.update(bar, description=f"{what}: features of {int(bars.tasks[0].completed)} images")

        subject, known = Subject(question, advance, sentence), OF_FEATURES | OF_METHOD
        if question.no_method and (without := [kind for kind in kinds if kind in OF_METHOD]):
            say(f"Left out, {question.store.manifest.name}, {', '.join(without)}: {question.no_method}")
            kinds = [kind for kind in kinds if kind not in OF_METHOD]
        for kind in kinds:
            bars.update(bar, description=f"{what}: {kind}")
            drawn += _write(known[kind](subject), asked)
    return drawn


def draw_runs(
    asked: Asked, kinds: Sequence[str], datasets: tuple[str, ...], patterns: Sequence[str], results: Path
) -> int:
    """Draw what the final runs of tasks found and learnt, and return how many figures there are."""
    from lovt_bench.benchmark.analysis.figures.cases import case_figure
    from lovt_bench.benchmark.analysis.figures.learning import curve_figures
    from lovt_bench.benchmark.analysis.figures.pretraining import pretraining_figure
    from lovt_bench.benchmark.analysis.figures.runs import newest_cells
    from lovt_bench.benchmark.cli.console import console, progress
    from lovt_bench.benchmark.cli.results import final_records
    from lovt_bench.benchmark.engine.record.rescore import Stores

    drawn = 0
    if "curves" in kinds and not datasets and not patterns:
        logs = asked.workspace / "pretraining" / asked.backbone / "logs" / "csv"
        found = pretraining_figure(asked.workspace / "backbones" / asked.backbone, logs)
        drawn += _write([] if found is None else [found], asked)
    try:
        records = final_records(results, asked.backbone, patterns, asked.protocol)
    except click.ClickException as error:
        say(f"Left out, {', '.join(kinds)}: {error.message}")
        return drawn
    of_profile = [record for record in records if record.run.profile == asked.profile]
    cells = [cell for cell in newest_cells(of_profile) if not datasets or cell.spec.dataset in datasets]
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
                drawn += _write([case_figure(cell, results, stores)], asked)
            if "curves" in kinds:
                drawn += _write(curve_figures(cell), asked)
    return drawn


def _write(figures: Iterable[Drawn | LeftOut], asked: Asked) -> int:
    """Write figures as they come and say which; return how many."""
    from lovt_bench.benchmark.analysis.figures.figure import LeftOut, write_drawn

    drawn = 0
    for each in figures:
        if isinstance(each, LeftOut):
            say(f"Left out, {each.name}: {each.why}")
            continue
        write_drawn(each, asked.out, asked.formats)
        say(f"{each.name}: {each.title}")
        drawn += 1
    return drawn
