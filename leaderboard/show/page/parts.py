"""What the templates ask of a table: its views, words, groups and standings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from lovt_bench.benchmark.contract.analysis import Ranking
from lovt_bench.benchmark.contract.leaderboard import Column, Evidence, Row, Table
from lovt_bench.benchmark.contract.network import Family
from lovt_bench.leaderboard.board.provenance import duration
from lovt_bench.leaderboard.show.layout import (
    CELL_LEGEND,
    DISPUTED,
    MISSING,
    SIGNS,
    forward_text,
    making_signs,
    network,
    percent,
)
from lovt_bench.leaderboard.show.plots.cost import COSTS, cost_rows, costs_of, family_word
from lovt_bench.leaderboard.show.plots.theme import LOOKS
from lovt_bench.leaderboard.statistics.task_value import TaskSuite, TooFewRowsError, task_values


@dataclass(frozen=True)
class View:
    """A view of the page; what draws it has the same name in `LOVT.views`."""

    title: str
    """Its heading; empty: that of the table, task or row."""
    link: str = ""
    """How the head names it; empty: it is reached from another one."""
    below: str = ""
    """The view that it is reached from."""


VIEWS: Mapping[str, View] = {
    "table": View("", "Table"),
    "ranks": View("Ranks", "Ranks"),
    "tasks": View("Tasks", "Tasks"),
    "compare": View("Two rows compared", "Compare"),
    "cost": View("Cost against rank", "Cost"),
    "properties": View("Properties of embeddings against scores", "Properties"),
    "changes": View("Versions and changes", "Versions"),
    "task": View("", below="tasks"),
    "submission": View("", below="table"),
}
"""In the order of the head."""

STAMPS: Mapping[str, str] = {
    "phantom": "Synthetic images drawn by a program. The numbers say nothing about real X-rays.",
    "own": "Images that only their owner has. Nobody else can repeat these numbers.",
    "published": "Numbers of a paper, transcribed. Nothing here was measured by this benchmark.",
    "claimed": "Numbers that submitters state. Nothing here was measured by this benchmark.",
}
"""What stands above every view of tables that hold no results on X-rays."""

Options = list[tuple[str, str]]
"""Values and how they are called."""


def filters_of(table: Table) -> list[tuple[str, str, Options]]:
    """Return the filters of the main table: key in the address, label, and options that occur in it."""
    kinds = {row.supervision for row in table.rows}
    families = {facts.family for row in table.rows if (facts := network(row))}
    checks = {row.evidence for row in table.rows}
    classes = dict.fromkeys(row.architecture_class for row in table.rows if row.architecture_class)
    return [
        ("train", "Training images", _shares(column.train_fraction for column in table.columns)),
        (
            "supervision",
            "Learned from",
            [(kind, look.full) for kind, look in LOOKS.items() if kind in kinds],
        ),
        (
            "corpus",
            "Share of corpus",
            _shares(row.fraction for row in table.rows if row.fraction is not None),
        ),
        ("family", "Network", [(name, name) for name in get_args(Family) if name in families]),
        ("class", "Class", [(name, "paper (ResNet-50)" if name == "paper" else name) for name in classes]),
        ("evidence", "Checked at least", [(name, name) for name in get_args(Evidence) if name in checks]),
    ]


def _shares(fractions: Iterable[float]) -> Options:
    # The value is what JavaScript makes of the number.
    return [
        (repr(share).removesuffix(".0"), f"{100 * share:.6g} %")
        for share in sorted(set(map(float, fractions)))
    ]


def names_of(table: Table) -> dict[str, str]:
    """Return the rows' names by id."""
    return {row.id: row.display_name for row in table.rows}


def column_of(table: Table, task: str) -> Column:
    """Return the column of a task."""
    return next(column for column in table.columns if column.task == task)


def legend_of(table: Table) -> list[tuple[str, str]]:
    """Return the signs that the table shows beside numbers, and what they mean."""
    marks = {item.mark for row in table.rows for item in row.overlaps}
    found = []
    if "overlapping" in marks:
        found.append((SIGNS["overlapping"], "pre-training data share images with the dataset"))
    if "unknown" in marks:
        found.append((SIGNS["unknown"], "it is not known whether they share images with a dataset"))
    shown = {sign for row in table.rows for cell in row.cells for sign in making_signs(cell)}
    return found + [(sign, text) for sign, text in CELL_LEGEND.items() if sign in shown and sign != DISPUTED]


def balances(rankings: Sequence[Ranking]) -> list[tuple[str, str]]:
    """Return the choices of a ranking."""
    return [(ranking.balance, ranking.balance) for ranking in rankings]


def costs(table: Table) -> list[tuple[str, str]]:
    """Return the kinds of cost that are known of rows with a mean rank, and how they are called."""
    return [(kind, name) for kind, (name, _) in COSTS.items() if cost_rows(table.rows, kind)]


COST_HEAD = [
    "Learned from",
    "Network",
    "Architecture",
    "Patch",
    "Parameters",
    "GMAC",
    "Images a second",
    "Pre-trained on",
    "Time of evaluation",
]


def cost_cells(row: Row) -> list[str]:
    """Return what a row is and costs, in the order of `COST_HEAD`."""
    cost, facts = costs_of(row), network(row)
    return [
        LOOKS[row.supervision].word,
        family_word(row),
        row.architecture or MISSING,
        f"{facts.patch} px" if facts and facts.patch else MISSING,
        f"{row.parameters / 1e6:.1f} M" if row.parameters else MISSING,
        f"{cost['gmac']:.3g}" if cost["gmac"] else MISSING,
        forward_text(row) or MISSING,
        f"{facts.native_side} px" if facts and facts.native_side else MISSING,
        duration(cost["seconds"]) if cost["seconds"] else MISSING,
    ]


def ranked_first(rows: Sequence[Row]) -> list[Row]:
    """Return the rows by mean rank, those without one last."""
    return sorted(rows, key=lambda row: (row.mean_rank is None, row.mean_rank or 0))


def letters(ranking: Ranking) -> dict[str, str]:
    """Return the letters of each row, of more than two the first and last; rows that share one cannot be told apart."""
    found: dict[str, list[str]] = defaultdict(list)
    for place, (first, last) in enumerate(ranking.groups):
        for item in ranking.rows[first : last + 1]:
            found[item.row].append(_letter(place))
    return {row: f"{all_[0]}–{all_[-1]}" if len(all_) > 2 else " ".join(all_) for row, all_ in found.items()}


def _letter(place: int) -> str:
    return (_letter(place // 26 - 1) if place >= 26 else "") + chr(ord("a") + place % 26)


def standing(table: Table, column: Column) -> tuple[str | None, int, str, str]:
    """Return the best row of a task, how many more are as good, its score, and how many rows it is better than."""
    best = [(row.id, cell) for row in table.rows if (cell := row.cell(column.task)) and cell.best]
    differences = table.analysis.differences if table.analysis else []
    apart = next((item for item in differences if item.task == column.task), None)
    better = MISSING
    if apart and apart.compared:
        better = f"{apart.compared - len(apart.indistinguishable)} of {apart.compared}"
    if not best:
        return None, 0, MISSING, better
    summary = best[0][1].summary
    return best[0][0], len(best) - 1, percent(summary.mean) if summary else MISSING, better


def telling(table: Table) -> TaskSuite | None:
    """Return what each task tells; None for claims and where there are too few complete rows."""
    if table.kind == "claimed":
        return None
    try:
        return task_values(table)
    except TooFewRowsError:
        return None
