"""The open phantom against its hidden twin: which row does better on what everybody can draw than on what nobody saw.

Both were drawn by the same program, so that a sound row keeps its place but for chance: other images, other runs. A row
is flagged where both of two chances are small, one-sided, by Holm over rows: that it falls further than a new one of
the other rows would (Student's prediction interval), and that its own falls, a mean for each dataset, have mean zero
(Student's t). The first alone would flag rows that are nearly equal among rows that lie far apart and never move; the
second alone would flag what moved for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.board.standing import score
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.statistics import ranks
from lovt_bench.leaderboard.statistics.hypotheses import ALPHA, holm

FEWEST = 4
"""Rows: with fewer, the others do not tell how far a row moves by chance."""
DATASETS = 2
"""At least: tasks of one dataset share images, so that one dataset is one observation of a row's own falls."""


@dataclass(frozen=True)
class Moved:
    """A row's mean rank on both phantoms, 1 is best, among the rows and over the tasks that both have."""

    row: str
    name: str
    open: float
    hidden: float
    p: float
    """Chance of falling so far or further, the larger of the two, corrected for the number of rows."""

    @property
    def flagged(self) -> bool:
        return self.p < ALPHA


def compare_twins(shown: Table, hidden: Table) -> list[Moved]:
    """Return the rows by how far they fall from the open phantom to the hidden one, furthest first.

    Raises:
        LeaderboardError: The two are of other protocols or profiles, share images, have other weights under the name
            of a row, or have too few rows or datasets in common.
    """
    _check(shown, hidden)
    columns = [column for column in shown.columns if column.task in {other.task for other in hidden.columns}]
    tasks, datasets = [column.task for column in columns], [column.dataset for column in columns]
    scores: dict[str, list[list[float]]] = {}
    for row in shown.rows:
        twin = next((other for other in hidden.rows if other.id == row.id), None)
        both = [[score(one.cell(task)) for task in tasks] for one in (row, twin) if one is not None]
        if len(both) == 2 and all(value is not None for line in both for value in line):
            scores[row.id] = [[value for value in line if value is not None] for line in both]
    if len(scores) < FEWEST or not tasks:
        raise LeaderboardError(
            f"{len(scores)} rows were measured in full on both phantoms, on {len(tasks)} tasks; at least {FEWEST} rows "
            "are needed to tell how far a row moves by chance: evaluate more of them in both workspaces"
        )
    if len(set(datasets)) < DATASETS:
        raise LeaderboardError(
            f"all tasks that both phantoms have are of {datasets[0]}; at least {DATASETS} datasets are needed to tell "
            "a fall from chance: evaluate more of them in both workspaces"
        )
    places = np.array(
        [[ranks([scores[row][side][t] for row in scores]) for t in range(len(tasks))] for side in (0, 1)]
    )
    means = places.mean(axis=1)
    chances = holm(chances_of(places[1] - places[0], datasets))
    names = {row.id: row.display_name for row in shown.rows}
    found = [
        Moved(row, names[row], round(float(means[0, i]), 4), round(float(means[1, i]), 4), float(chances[i]))
        for i, row in enumerate(scores)
    ]
    return sorted(found, key=lambda item: (item.open - item.hidden, item.row))


def chances_of(moved: np.ndarray, datasets: Sequence[str]) -> np.ndarray:
    """Return for each row (n,) the larger of its two chances.

    Args:
        moved: Fall in rank by task and row (t, n).
        datasets: That of each task.
    """
    names = np.array(datasets)
    blocks = np.array([moved[names == name].mean(axis=0) for name in dict.fromkeys(datasets)])
    return np.maximum(falls(moved.mean(axis=0)), own_falls(blocks))


def own_falls(moved: np.ndarray) -> np.ndarray:
    """Return the chance (n,) of each row's falls (d, n) on d datasets, were their mean zero."""
    means, errors = moved.mean(axis=0), moved.std(axis=0, ddof=1) / np.sqrt(len(moved))
    told = np.divide(means, errors, out=np.where(means > 0, np.inf, -np.inf), where=errors > 0)
    return stdtr(len(moved) - 1, -told)


def falls(moved: np.ndarray) -> np.ndarray:
    """Return the chance (n,) of each mean fall (n,), were it one more draw of what the others are drawn from.

    Rows do not all move alike, so that this chance alone says too little: see `own_falls`.
    """
    chances = np.empty(len(moved))
    for place, fall in enumerate(moved):
        others = np.delete(moved, place)
        error = others.std(ddof=1) * np.sqrt(1 + 1 / len(others))
        lead = fall - others.mean()
        chances[place] = stdtr(len(others) - 1, -lead / error) if error > 0 else float(lead <= 0)
    return chances


def _check(shown: Table, hidden: Table) -> None:
    for field in ("track", "protocol_sha256", "profile_sha256"):
        one, other = getattr(shown, field), getattr(hidden, field)
        if one != other:
            raise LeaderboardError(
                f"open and hidden differ in their {field.removesuffix('_sha256')}: {str(one)[:12]} and "
                f"{str(other)[:12]}; evaluate both the same way"
            )
    weights = {row.id: row.backbone_sha256 for row in hidden.rows}
    if other := [
        row.id for row in shown.rows if weights.get(row.id, row.backbone_sha256) != row.backbone_sha256
    ]:
        raise LeaderboardError(
            f"open and hidden have other weights under one name: {', '.join(other)}; copy or link the backbone of the "
            "open workspace, evaluate it again in the hidden one"
        )
    stores = {column.dataset_sha256 for column in shown.columns if column.dataset_sha256}
    if same := [column.dataset for column in hidden.columns if column.dataset_sha256 in stores]:
        raise LeaderboardError(
            f"the hidden phantom has the images of the open one ({', '.join(dict.fromkeys(same))}): draw it with "
            "another seed (lovt-bench data phantom --seed-file FILE)"
        )
