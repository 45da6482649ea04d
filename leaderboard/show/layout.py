"""How a table is laid out on a page or in a terminal: columns in blocks as in the paper, cells as text.

A block holds at most six tasks, so that it fits a terminal of 100 characters and a repository page; tasks of
one dataset stay together where they fit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from statistics import median

from lovt_bench.benchmark.contract.backbone import network_of
from lovt_bench.benchmark.contract.leaderboard import Cell, CleanRanking, Column, OverlapMark, Row, Table
from lovt_bench.benchmark.contract.network import NetworkFacts
from lovt_bench.tasks.head import heads

BLOCK = 6
"""Tasks side by side."""

MISSING = "—"
WIDEST = 0.5
"""Half-width above which an interval is wider than the scale of scores."""
TOO_FEW_RUNS = "too few runs"

INTERVALS = {"student-t": "Student's t", "normal": "1.96 · std / √n"}

SIGNS: Mapping[OverlapMark, str] = {"clean": "", "overlapping": "†", "unknown": "?"}
"""Beside a number (or a name, where it holds for all datasets of the table): images may have been seen before."""

EDGE, MIXED = "‡", "§"
"""Beside a number: its learning rate is at an edge of the grid; its runs are not of one kind."""

CONTRADICTION = "!"
"""Beside the name of a row whose run records contradict themselves."""

DISPUTED = "¶"
"""Beside the name of a row that the keeper marked as disputed."""

SIGN_LEGEND = (
    "† the pre-training data share images with it, ? it is not known whether they do (docs/lineage.md), "
    "! its run records contradict themselves (see the notes)"
)

CELL_LEGEND = {
    EDGE: "its learning rate is the lowest or highest of the grid that was tuned over; a better one may lie beyond",
    MIXED: "its runs are not of one kind of device or precision",
    DISPUTED: "the row is disputed (see the notes)",
}
"""Only where there is such a cell."""

_ABBREVIATIONS = {"covid", "cxr", "jsrt", "mimic", "nih", "rsna", "siim"}
_NAMES = {
    "vindr-cxr": "VinDr-CXR",
    "chestx-det": "ChestX-Det",
    "tbx11k": "TBX11K",
    "chexlocalize": "CheXlocalize",
}
"""Names with capitals of their own."""


def blocks(columns: Sequence[Column], size: int = BLOCK) -> list[list[Column]]:
    """Return the columns in blocks of at most `size`, in their order."""
    packed: list[list[Column]] = []
    for _, group in groupby(columns, key=lambda column: (column.dataset, _target(column.head))):
        members = list(group)
        for start in range(0, len(members), size):
            part = members[start : start + size]
            if packed and len(packed[-1]) + len(part) <= size:
                packed[-1] += part
            else:
                packed.append(part)
    return packed


def heading(column: Column, table: Table) -> list[str]:
    """Return the lines above a column: dataset, head and train fraction, backbone, training images, metric.

    The fraction is named where the table has the task at several.
    """
    alike = {
        other.train_fraction
        for other in table.columns
        if (other.dataset, other.head, other.backbone) == (column.dataset, column.head, column.backbone)
    }
    fraction = f" {100 * column.train_fraction:g} %" if len(alike) > 1 else ""
    return [
        dataset_label(column.dataset),
        f"{head_label(column.head)}{fraction}",
        column.backbone,
        f"n = {column.train_images}",
        column.metric_label,
    ]


UNFINISHED = "Unfinished rows: no place is known from part of the tasks"
"""Stands above what `finished_apart` takes out of a table."""


def finished_apart(table: Table) -> list[Table]:
    """Return the rows that have finished every task, then the others with the tasks that any of them has.

    One part where there are none of either kind, and of tables that were not measured here.
    """
    done = [row for row in table.rows if row.complete]
    rest = [row for row in table.rows if not row.complete]
    if table.kind != "runs" or not done or not rest:
        return [table]
    begun = {cell.task for row in rest for cell in row.cells}
    columns = [column for column in table.columns if column.task in begun]
    return [
        table.model_copy(update={"rows": done}),
        table.model_copy(update={"rows": rest, "columns": columns}),
    ]


def caption(block: Sequence[Column], table: Table) -> str:
    """Return what stands above a block; it repeats that a table is of the phantom or published."""
    first, last = block[0].number, block[-1].number
    numbers = f"Task {first}" if first == last else f"Tasks {first}–{last}"
    return f"{numbers}{mark(table)}"


def mark(table: Table) -> str:
    """Return the word that must stand beside every part of a table whose numbers are not plain results."""
    if table.track == "phantom":
        claimed = "claimed, not measured, " if table.kind == "claimed" else ""
        return f" · {claimed}phantom, synthetic images"
    if table.track == "own":
        return " · own data"
    if table.kind == "published":
        return " · published"
    if table.kind == "claimed":
        return " · claimed, not measured"
    return " · seeded splits" if table.splits == "seeded" else ""


def basis(table: Table) -> str:
    """Return what intervals are and how many runs a cell has."""
    if table.kind == "claimed":
        return "Numbers and intervals as claimed"
    return f"Intervals: {INTERVALS[table.interval]}, {table.expected_runs} run(s)"


def head_label(name: str) -> str:
    """Return how tables call a head; its name where there is no such head here, as in an old version."""
    head = heads().get(name)
    return head.label if head else name


def _target(head: str) -> str | None:
    return heads()[head].target if head in heads() else None


def dataset_label(name: str) -> str:
    """Return a dataset's name as papers write it."""
    if name in _NAMES:
        return _NAMES[name]
    words = name.split("-")
    return " ".join(word.upper() if word in _ABBREVIATIONS else word.title() for word in words)


def cell_text(cell: Cell | None, table: Table) -> str:
    """Return a cell in percent with one decimal, its interval, and its runs where others were expected."""
    if cell is None:
        return MISSING
    if cell.status == "diverged" or cell.summary is None:
        failed = sum(run.value is None for run in cell.runs)
        return f"diverged {failed}/{len(cell.runs)}"
    interval = cell.summary.interval(table.interval)
    text = percent(cell.summary.mean) + half_width(interval)
    if table.kind == "claimed":
        return text
    runs = cell.summary.runs
    return text if runs == table.expected_runs else f"{text} ({runs}/{table.expected_runs})"


def half_width(half: float | None) -> str:
    """Return what follows a mean: the half-width of its interval in percent, or that there are too few runs for one.

    Scores lie between 0 and 1: an interval wider than that says nothing.
    """
    if half is None:
        return ""
    return f" ± {percent(half)}" if half <= WIDEST else f" ({TOO_FEW_RUNS})"


def percent(fraction: float) -> str:
    """Return a fraction in percent with one decimal, without the sign."""
    return f"{100 * fraction:.1f}"


def mean_rank_text(row: Row) -> str:
    """Return the mean rank with two decimals."""
    return MISSING if row.mean_rank is None else f"{row.mean_rank:.2f}"


def measured_text(row: Row, table: Table) -> str:
    """Return how many of the table's tasks the row has finished."""
    measured = sum(cell.status != "partial" for cell in row.cells)
    return f"{measured}/{len(table.columns)}"


def last_column(part: Table, table: Table) -> tuple[str, Callable[[Row], str]]:
    """Return title and text of the column that says where a row of a part stands: no unfinished one has a rank."""
    if table.kind == "runs" and part.rows and not any(row.complete for row in part.rows):
        return "Tasks", lambda row: measured_text(row, table)
    return "Mean rank", mean_rank_text


def row_sign(row: Row) -> str:
    """Return the sign beside a row's name: of a mark that holds for all datasets of the table."""
    marks = {item.mark for item in row.overlaps}
    return SIGNS[marks.pop()] if len(marks) == 1 else ""


def name_signs(row: Row) -> str:
    """Return all signs beside a row's name."""
    return f"{row_sign(row)}{CONTRADICTION if row.contradictions else ''}{disputed_sign(row)}"


def disputed_sign(row: Row) -> str:
    """Return the sign of a disputed row."""
    return DISPUTED if row.disputed else ""


def cell_sign(row: Row, column: Column) -> str:
    """Return the signs beside a row's number: of overlap none where the name has it already."""
    mark = next((item.mark for item in row.overlaps if item.dataset == column.dataset), None)
    cell = row.cell(column.task)
    overlap = "" if mark is None or row_sign(row) else SIGNS[mark]
    return overlap + (making_signs(cell) if cell else "")


def making_signs(cell: Cell) -> str:
    """Return the signs of how a cell was tuned and made."""
    return (EDGE if cell.grid_edge else "") + (MIXED if cell.mixed else "")


def making_legend(tables: Iterable[Table]) -> list[str]:
    """Return what the signs of tuning, making and dispute mean, of those that these tables show."""
    rows = [row for table in tables for row in table.rows]
    shown = {sign for row in rows for cell in row.cells for sign in making_signs(cell)}
    shown |= {disputed_sign(row) for row in rows}
    return [f"{sign} {text}" for sign, text in CELL_LEGEND.items() if sign in shown]


def claimed_text(cell: Cell | None, table: Table) -> str:
    """Return what stands beside a measured number that its submitter states too; empty where nothing is claimed."""
    if cell is None or cell.claimed is None or table.kind == "claimed":
        return ""
    difference = cell.claimed.difference
    shown = "" if difference is None else f", {signed_percent(difference)}"
    return f"claimed {percent(cell.claimed.value)}{shown}"


def signed_percent(fraction: float) -> str:
    """Return a difference in percent points with its sign, one decimal."""
    text = percent(abs(fraction))
    return text if text == "0.0" else f"{'−' if fraction < 0 else '+'}{text}"


def further_rankings(table: Table) -> list[tuple[str, CleanRanking]]:
    """Return the rankings over some of the tasks, each with what its tasks are called."""
    named = [("clean", table.clean), ("frozen", table.frozen)]
    return [(name, ranking) for name, ranking in named if ranking is not None]


def ranking_lines(ranking: CleanRanking, table: Table) -> list[tuple[str, str]]:
    """Return name and mean rank of each row of a ranking, best first."""
    names = {row.id: row.display_name for row in table.rows}
    return [
        (names.get(row, row), f"{rank:.2f}")
        for row, rank in zip(ranking.rows, ranking.mean_ranks, strict=True)
    ]


def network(row: Row) -> NetworkFacts | None:
    """Return the facts of a row's network; rows of older boards do not hold them, but may name one that is known."""
    return row.network or (network_of(row.architecture) if row.architecture else None)


def forward_text(row: Row) -> str:
    """Return the images a second of a row's bare forward, median of its cells, and what measured them; else empty."""
    measured: dict[str, list[float]] = defaultdict(list)
    for cell in row.cells:
        for device, speed in (cell.cost.forward if cell.cost else {}).items():
            measured[device].append(speed)
    return "; ".join(f"{_speed(median(found))} ({device})" for device, found in sorted(measured.items()))


def _speed(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def network_texts(row: Row) -> dict[str, str]:
    """Return what is known of a row's network, label to text in the order to show."""
    facts = network(row)
    known = {
        "Architecture": row.architecture,
        "Network": facts and facts.family,
        "Patch": facts and facts.patch and f"{facts.patch} pixels",
        "Parameters": row.parameters and f"{row.parameters:,}",
        "Multiply-adds": facts and facts.gmac and f"{facts.gmac:.3g} GMAC an image",
        "Bare forward, images a second": forward_text(row),
        "Pre-trained on": facts and facts.native_side and f"images of {facts.native_side} pixels",
    }
    return {label: text for label, text in known.items() if text}


def class_text(row: Row, *, network_too: bool = True) -> str:
    """Return architecture class and parameters, family and cost of the network, as far as they are known."""
    if not row.architecture_class:
        return MISSING
    facts = network(row) if network_too else None
    size = f" {row.parameters / 1e6:.1f} M" if row.parameters else ""
    kind = f", {facts.family}" if facts and facts.family != "graph" else ""
    cost = f" {facts.gmac:.3g} GMAC" if facts and facts.gmac else ""
    frozen = ", frozen only" if row.frozen_only else ""
    return f"{row.architecture_class}{size}{kind}{cost}{frozen}"
