"""Where a control cannot land: a release is refused when one does. Pure functions of a board.

What is compared is the mean difference over tasks that both rows have in full, by its error over seeds, on these
images. At `ALPHA` one-sided a sound board is refused once in a thousand comparisons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from lovt_bench.benchmark.contract.controls import CANARY, CEILING, CONTROL, called_ceiling
from lovt_bench.benchmark.contract.leaderboard import Cell, Leaderboard, Row, Table
from lovt_bench.benchmark.contract.network import Family
from lovt_bench.leaderboard.board.provenance import SHOWN
from lovt_bench.leaderboard.errors import LeaderboardError

ALPHA = 0.001
EQUAL = 0.01
"""By so much (one point of a hundred) a swapped twin may differ from its original: sums in another order."""
FEW = 3
"""Trained methods that a random row must be told above: one or two may well be worse than a random draw, and all
pre-trainings of one, too."""


@dataclass(frozen=True)
class Judgement:
    """What a control tells."""

    text: str
    refused: bool = False


@dataclass(frozen=True)
class Lead:
    """First row minus second, mean over tasks."""

    difference: float
    p: float
    """Chance of so large a lead, or a larger one, between equal rows."""
    tasks: int

    @property
    def told(self) -> bool:
        """Whether the first row is told apart as the better one."""
        return self.difference > 0 and self.p < ALPHA


def lead(first: Row, second: Row, tasks: Iterable[str]) -> Lead | None:
    """Return the lead of the first row, by Welch's test of its means over tasks, one for each seed.

    Runs of one seed are one observation: a row that is drawn has one backbone for all tasks of a seed, so that a good
    draw is good in all. None where no task has two runs of both.
    """
    cells: list[tuple[Cell, Cell]] = []
    for task in tasks:
        one, other = first.cell(task), second.cell(task)
        if one and other and all(each.status == "complete" and len(each.runs) > 1 for each in (one, other)):
            cells.append((one, other))
    means = [_by_seed(each) for each in zip(*cells, strict=True)]
    if not means or min(map(len, means)) < 2:
        return None
    difference = float(means[0].mean() - means[1].mean())
    variances = [values.var(ddof=1) / len(values) for values in means]
    error = np.sqrt(sum(variances))
    if error == 0:
        return Lead(difference, 0.0 if difference > 0 else 1.0, len(cells))
    freedom = error**4 / sum(v**2 / (len(x) - 1) for v, x in zip(variances, means, strict=True))
    return Lead(difference, float(stdtr(freedom, -difference / error)), len(cells))


def _by_seed(cells: Sequence[Cell]) -> np.ndarray:
    """Return the mean over tasks for each seed that all of them have."""
    values = [{run.seed: run.value for run in cell.runs if run.value is not None} for cell in cells]
    seeds = sorted(set.intersection(*map(set, values)))
    return np.array([np.mean([one[seed] for one in values]) for seed in seeds])


def judge(board: Leaderboard) -> list[Judgement]:
    """Return what the controls of all tables tell, table by table."""
    return [item for table in board.tables if table.kind == "runs" for item in _of_table(table)]


def refuse(judgements: Sequence[Judgement]) -> None:
    """Raise LeaderboardError where a control is where it cannot be."""
    if wrong := [item.text for item in judgements if item.refused]:
        raise LeaderboardError(
            f"no release: {'; '.join(wrong)}. Something measures what it should not: mend it, evaluate again, release"
        )


def _of_table(table: Table) -> Iterator[Judgement]:
    every = [column.task for column in table.columns]
    frozen = [column.task for column in table.columns if column.backbone == "frozen"]
    trained = [row for row in table.rows if row.supervision not in ("none", CONTROL)]
    drawn = [row for row in table.rows if row.supervision == "none"]
    where = f"in {table.id}"
    for row in drawn:
        yield from _above_all(row, trained, every, FEW, where, "a random draw cannot be")
        if _of_family(row, "transformer"):
            others = [one for one in trained if _of_family(one, "CNN")]
            why = "a random transformer cannot be, frozen: how its levels come from tokens counts more than weights"
            yield from _above_all(row, others, frozen, FEW, f"on frozen backbones {where}", why, "CNN")
    for row in table.controls:
        method = row.provenance.get("Method")
        kind = row.provenance.get("Variant") if method == CANARY else None
        if kind == "constant":
            why = "features that do not depend on the image cannot be, frozen"
            yield from _above_all(row, trained, frozen, 1, where, why)
        elif kind in ("shuffled", "swapped"):
            yield _beside_original(row, table, kind, where)
        elif method == CEILING or (method is None and called_ceiling(row.id)):
            yield from _below_random(row, drawn, every, where)
        else:
            yield Judgement(
                f"{row.display_name} {where}: not judged, what kind of control it is is not known here; the folder of "
                "these weights says it (workspace/backbones)"
            )


def _above_all(
    row: Row, trained: Sequence[Row], tasks: Sequence[str], few: int, where: str, why: str, kind: str = "row"
) -> Iterator[Judgement]:
    least = len(tasks) / 2 if few > 1 else 1
    leads = [
        (other.method, found)
        for other in trained
        if (found := lead(row, other, tasks)) is not None and found.tasks >= least
    ]
    methods = len({method for method, _ in leads})
    every = f"every trained {kind} that shares tasks with it ({len(leads)})"
    if methods < few:
        said = f"{methods} of at least {few} methods have a trained {kind} with enough tasks of two runs in common"
        yield Judgement(f"{row.display_name} {where}: not judged, {said}")
    elif all(found.told for _, found in leads):
        points = 100 * min(found.difference for _, found in leads)
        yield Judgement(
            f"{row.display_name} {where} is above {every}, by {points:.1f} points or more: {why}", True
        )
    else:
        yield Judgement(f"{row.display_name} {where}: not above {every}, as it should be")


def _of_family(row: Row, family: Family) -> bool:
    return row.network is not None and row.network.family == family


def _beside_original(row: Row, table: Table, kind: str, where: str) -> Judgement:
    origin = row.provenance.get("Checkpoint")
    original = next((one for one in table.rows if (one.backbone_sha256 or "")[:SHOWN] == origin), None)
    tasks = [column.task for column in table.columns]
    found = lead(row, original, tasks) if original else None
    name = f"{row.display_name} {where}"
    if original is None or found is None:
        missing = "its original is not in the table" if original is None else "no task has two runs of both"
        return Judgement(f"{name}: not judged, {missing}")
    points = f"{100 * abs(found.difference):.1f} points"
    if kind == "shuffled" and found.told:
        return Judgement(
            f"{name} is above {original.display_name}, whose weights it has in disorder, by {points}", True
        )
    apart = found.p < ALPHA or found.p > 1 - ALPHA
    if kind == "swapped" and apart and abs(found.difference) > EQUAL:
        return Judgement(
            f"{name} differs from {original.display_name} by {points}, though two equal channels changed places",
            True,
        )
    return Judgement(f"{name}: not above its original" if kind == "shuffled" else f"{name}: as its original")


def _below_random(row: Row, drawn: Sequence[Row], tasks: Sequence[str], where: str) -> Iterator[Judgement]:
    alike = [one for one in drawn if one.architecture == row.architecture] or drawn
    name = f"{row.display_name} {where}"
    if not alike:
        yield Judgement(f"{name}: not judged, there is no random row beside it")
    for one in alike:
        found = lead(one, row, tasks)
        if found is None:
            yield Judgement(f"{name}: not judged, no task has two runs of it and of {one.display_name}")
        elif found.told:
            points = f"{100 * found.difference:.1f} points"
            yield Judgement(
                f"{name} is below {one.display_name} by {points}, though it was told the answers", True
            )
        else:
            place = "above" if lead_told(row, one, tasks) else "not told apart from"
            yield Judgement(f"{name}: {place} {one.display_name}")


def lead_told(first: Row, second: Row, tasks: Sequence[str]) -> bool:
    """Return whether the first row is told apart as the better one."""
    found = lead(first, second, tasks)
    return found is not None and found.told
