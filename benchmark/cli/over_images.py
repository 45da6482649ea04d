"""Intervals over images for the cells of a leaderboard, from predictions and image stores."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from lovt_bench.benchmark.cli.console import say

if TYPE_CHECKING:
    from lovt_bench.benchmark.contract.leaderboard import OverImages
    from lovt_bench.benchmark.engine.record.image_scores import ScoredImages
    from lovt_bench.leaderboard.releases.sources import Sources
    from lovt_bench.tasks.weighted import Weighted

DIGITS = 6
"""Of what is rounded, so that equal predictions give equal bytes on every machine."""


def with_over_images(sources: Sources, root: Path) -> Sources:
    """Return the sources with an interval over images for every cell whose predictions and store are at hand.

    Args:
        sources: Of a build from a workspace.
        root: The workspace.
    """
    from lovt_bench.benchmark.engine.record.image_scores import NotScored, scored_images
    from lovt_bench.benchmark.engine.record.rescore import Stores
    from lovt_bench.leaderboard.board.run_table import controls_of
    from lovt_bench.leaderboard.board.selection import select
    from lovt_bench.leaderboard.statistics.images import NoImageIntervalError

    frozen = sources.frozen
    metrics = {spec.id: spec.metric for spec in frozen.tasks}
    controls = controls_of(frozen.descriptions)
    groups, _ = select(sources.records.records, metrics, sources.expected_runs, frozen.suites, controls)
    sets = {item.keys_sha256: item for group in groups for item in group.sets.values()}
    stores, reasons = Stores(root / "data"), Counter[str]()
    found: dict[str, OverImages] = {}
    for key, item in sets.items():
        for cell in scored_images({item.task: item.runs}, sources.results, stores):
            try:
                if isinstance(cell, NotScored):
                    raise NoImageIntervalError(cell.text)
                found[key] = over_images(cell)
            except NoImageIntervalError as error:
                reasons[str(error)] += 1
    for text, count in reasons.most_common():
        say(f"Without an interval over images, {count} cell(s): {text}", err=True)
    say(f"{len(found)} of {len(sets)} cell(s) have an interval over images")
    return sources.with_over_images(found)


def over_images(cell: ScoredImages) -> OverImages:
    """Return what the leaderboard says of a cell over images. Raises NoImageIntervalError."""
    from lovt_bench.benchmark.contract.leaderboard import OverImages
    from lovt_bench.leaderboard.statistics.images import image_interval

    runs = distinct_runs(cell)
    interval = image_interval(runs, people=cell.people)
    return OverImages(
        interval95=round(interval.half_width(), DIGITS),
        share_of_seeds=round(interval.seeds, DIGITS),
        runs=len(runs),
        images=runs[0].images,
        patients=None if cell.people is None else len(set(cell.people)),
    )


def distinct_runs(cell: ScoredImages) -> list[Weighted]:
    """Return the runs of a cell that repeat no other."""
    from lovt_bench.leaderboard.statistics.audit import distinct_places

    scores = [(record.test[record.metric], record.run.seed) for record in cell.records]
    return [cell.runs[place] for place in distinct_places(scores)]


def has_over_images(out: Path) -> bool:
    """Return whether the version dev shows intervals over images."""
    from lovt_bench.leaderboard.errors import LeaderboardError
    from lovt_bench.leaderboard.releases.version import read_version

    try:
        board = read_version(out)
    except (LeaderboardError, OSError):
        return False
    return any(cell.over_images for table in board.tables for row in table.rows for cell in row.cells)
