"""Figures of several backbones beside each other: scores by task, properties of their embeddings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lovt_bench.benchmark.contract.embedding_alignment import Alignment, AlignmentName
from lovt_bench.benchmark.contract.leaderboard import Cell, Column, Row, Table
from lovt_bench.leaderboard.board.embedding_numbers import ALIGNED
from lovt_bench.leaderboard.show.layout import INTERVALS, MISSING, half_width, percent
from lovt_bench.leaderboard.show.plots.alignment import (
    BOX,
    DISTANCES,
    POINT,
    VECTORS,
    Aligned,
    alignment_chart,
    alignment_rows,
)
from lovt_bench.leaderboard.show.plots.chart import filled
from lovt_bench.leaderboard.show.plots.embedding_properties import FAMILIES, property_chart, property_rows
from lovt_bench.leaderboard.show.plots.figure import WIDTH, Figure
from lovt_bench.leaderboard.show.plots.modality import NOTE, modality_chart, modality_rows
from lovt_bench.leaderboard.show.plots.task_bars import BASELINE, OWN, bar_chart
from lovt_bench.leaderboard.show.plots.theme import Spec
from lovt_bench.leaderboard.show.properties import SIDES
from lovt_bench.leaderboard.text import slug

Named = Iterator[tuple[str, Figure]]

REFERENCE_OPTIONS = (
    "Published values count each embedding with itself in means over pairs; values that were measured here do so only "
    "where it is said."
)


@dataclass(frozen=True)
class Compared:
    """A backbone in the order in which it is shown."""

    id: str
    name: str
    published: bool
    """Its numbers are those of the paper."""
    baseline: bool
    """Whether bars give it the other colour."""
    values: Mapping[str, float] = field(default_factory=dict)
    """Properties of its embeddings; empty where none are known."""
    boxes: Mapping[AlignmentName, Alignment] = field(default_factory=dict)
    """How far images and reports lie apart; empty where its report has no box plots."""
    cells: Mapping[str, Cell] = field(default_factory=dict)
    """Scores by task."""

    @property
    def fields(self) -> Spec:
        """What every chart needs to know of it."""
        return {"id": self.id, "name": self.name}


def told_apart(rows: Sequence[Compared]) -> list[Compared]:
    """Return the rows with a word behind the published ones, where others stand beside them."""
    if len({row.published for row in rows}) < 2:
        return list(rows)
    return [replace(row, name=f"{row.name} (published)") if row.published else row for row in rows]


def bar_figures(rows: Sequence[Compared], table: Table) -> Named:
    """Yield a figure for each task of a table that any of the rows has."""
    for column in table.columns:
        if not any(column.task in row.cells for row in rows):
            continue
        chart = filled(
            bar_chart(f"{column.metric_label}, %"), [_bar(row, column, table) for row in rows], WIDTH
        )
        notes = [f"Error bars: 95 % intervals under other training seeds ({INTERVALS[table.interval]})."]
        if any(row.published for row in rows):
            notes.append(
                "Published intervals are 1.96 · std / √5 over runs that share one seed, and so too narrow."
            )
        name = f"bars-{column.number:02d}-{slug(column.task)}"
        yield name, Figure(f"{column.number}. {column.title}: {column.metric_label}", chart, notes)


def property_figures(rows: Sequence[Compared]) -> Named:
    """Yield a figure for each family of properties of image and report embeddings that any of the rows has."""
    shown = [(row.fields, row.values) for row in rows if row.values]
    for side, word in SIDES.items():
        for kind, family in FAMILIES.items():
            found = property_rows(family, side, shown)
            if found:
                notes = [family.note, *_published_note(rows)]
                chart = filled(property_chart(family, side), found, WIDTH)
                yield f"{kind}-{side}", Figure(f"{family.title}: {word}", chart, notes)


def modality_figures(rows: Sequence[Compared]) -> Named:
    """Yield the figure of modality assignment, if any of the rows has one."""
    found = modality_rows([(row.fields, row.values) for row in rows])
    if found:
        yield "assignment", Figure("Modality assignment", filled(modality_chart(), found, WIDTH), [NOTE])


def alignment_figures(rows: Sequence[Compared]) -> Named:
    """Yield figures of distances between images and reports, with and without scaling, of rows that have some."""
    shown = [Aligned(row.fields, row.values, row.boxes) for row in rows]
    for scale, vectors in VECTORS.items():
        found = alignment_rows(shown, scale)
        if found:
            chart = filled(alignment_chart(scale), found, WIDTH)
            marks = [
                note for key, note in (("median", BOX), ("value", POINT)) if any(key in row for row in found)
            ]
            notes = [DISTANCES, *marks, *_without_boxes(rows)]
            yield f"alignment-{scale}", Figure(f"Alignment of images and reports: {vectors}", chart, notes)


def _without_boxes(rows: Sequence[Compared]) -> Iterator[str]:
    """Yield why rows whose means are known have no box plots."""
    without = [row for row in rows if not row.boxes and any(key in row.values for key in ALIGNED.values())]
    if any(row.published for row in without):
        yield "Published numbers are means alone, of vectors of length 1."
    for row in without:
        if not row.published:
            yield f"The report of {row.name} has no box plots: lovt-bench analyze {row.id} makes it again."


def _published_note(rows: Sequence[Compared]) -> list[str]:
    kinds = {row.published for row in rows if row.values}
    return [REFERENCE_OPTIONS] if len(kinds) > 1 else []


def _bar(row: Compared, column: Column, table: Table) -> Spec:
    fields = {**row.fields, "from": BASELINE if row.baseline else OWN}
    cell = row.cells.get(column.task)
    if cell is None or cell.summary is None or cell.status == "diverged":
        return {**fields, "label": "diverged" if cell is not None and cell.status == "diverged" else MISSING}
    half = cell.summary.interval("normal" if row.published else table.interval)
    mean = cell.summary.mean
    rest = "" if cell.status == "complete" else f" ({cell.summary.runs} runs)"
    return {
        **fields,
        "mean": 100 * mean,
        "half": None if half is None else 100 * half,
        "label": percent(mean) + half_width(half) + rest,
    }


def cells_of(row: Row) -> dict[str, Cell]:
    """Return the cells of a row by task."""
    return {cell.task: cell for cell in row.cells}
