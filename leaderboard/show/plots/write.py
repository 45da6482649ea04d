"""All figures of a table, written to a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from matplotlib.figure import Figure

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.show.plots.bars import bar_figure, bar_sheet
from lovt_bench.leaderboard.show.plots.choice import analysis_of
from lovt_bench.leaderboard.show.plots.critical_difference import critical_difference_figure
from lovt_bench.leaderboard.show.plots.heatmap import heat_figure
from lovt_bench.leaderboard.show.plots.ranks import rank_figure
from lovt_bench.leaderboard.show.plots.style import Format, save, settings
from lovt_bench.leaderboard.text import slug

Kind = Literal["ranks", "cd", "heatmap", "bars"]
KINDS: tuple[Kind, ...] = ("ranks", "cd", "heatmap", "bars")


def write_figures(
    table: Table, out: Path, kinds: Sequence[Kind], formats: Sequence[Format]
) -> Iterator[Path]:
    """Write the figures of a table and yield each file when it is there.

    Files are `<table>-<figure>.<format>`; a kind that a table has no data for (ranks of one row) writes none. The same
    table gives the same bytes.
    """
    table = table.model_copy(update={"analysis": analysis_of(table)})
    if not table.rows or not table.columns:
        return
    for kind in kinds:
        for name, draw in _FIGURES[kind](table):
            with settings():
                figure = draw()
                if figure is None:
                    continue
                for form in formats:
                    yield save(figure, out / f"{slug(table.id)}-{name}.{form}", form)


_Drawings = Iterator[tuple[str, Callable[[], Figure | None]]]


def _ranks(table: Table) -> _Drawings:
    yield "ranks", partial(rank_figure, table)


def _critical_differences(table: Table) -> _Drawings:
    for diagram in analysis_of(table).critical_differences:
        yield f"cd-{diagram.balance}", partial(critical_difference_figure, table, diagram)


def _heat_map(table: Table) -> _Drawings:
    yield "heatmap", partial(heat_figure, table)


def _bars(table: Table) -> _Drawings:
    yield "bars", partial(bar_sheet, table)
    for column in table.columns:
        name = f"bars-{column.number:02d}-{slug(column.task)}"
        yield name, partial(bar_figure, table, column)


_FIGURES: dict[Kind, Callable[[Table], _Drawings]] = {
    "ranks": _ranks,
    "cd": _critical_differences,
    "heatmap": _heat_map,
    "bars": _bars,
}
