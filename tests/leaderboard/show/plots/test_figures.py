"""What is drawn is what the table says: values, intervals, marks, and names as text."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure, FigureBase
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.board.published_table import published_table
from lovt_bench.leaderboard.show.layout import percent
from lovt_bench.leaderboard.show.plots.bars import bar_figure, bar_sheet
from lovt_bench.leaderboard.show.plots.choice import LIMIT, shown_rows
from lovt_bench.leaderboard.show.plots.critical_difference import critical_difference_figure
from lovt_bench.leaderboard.show.plots.heatmap import heat_figure
from lovt_bench.leaderboard.show.plots.ranks import rank_figure
from lovt_bench.leaderboard.show.plots.style import name_of, settings
from lovt_bench.leaderboard.statistics.analyse import analyse
from tests.leaderboard.records import TASKS
from tests.leaderboard.statistics.tables import Runs, table


def analysed(found: Table) -> Table:
    return found.model_copy(update={"analysis": analyse(found)})


@pytest.fixture(scope="module")
def published() -> Table:
    (found,) = load_published()
    return analysed(published_table(found, sorted(TASKS.values(), key=lambda spec: spec.number)))


def phantom(rows: int = 3) -> Table:
    cells: dict[str, dict[str, Runs]] = {
        f"row{number}": {
            "covid_linear": [0.3 + number / 100, 0.31 + number / 100],
            "nih_seg_linear": [0.2, 0.21],
        }
        for number in range(rows)
    }
    cells["failed"] = {"covid_linear": "diverged", "nih_seg_linear": [0.1, 0.12]}
    cells["begun"] = {"covid_linear": [0.2, 0.3]}
    return analysed(table(cells))


def drawn(make: Callable[[], Figure | None]) -> Figure:
    with settings():
        figure = make()
    assert figure is not None
    return figure


def texts(figure: FigureBase) -> list[str]:
    return [item.get_text() for item in figure.findobj(Text) if isinstance(item, Text) and item.get_text()]


def every(found: Table) -> list[Callable[[], Figure | None]]:
    assert found.analysis is not None
    return [
        partial(rank_figure, found),
        *(partial(critical_difference_figure, found, item) for item in found.analysis.critical_differences),
        partial(heat_figure, found),
        partial(bar_sheet, found),
        partial(bar_figure, found, found.columns[0]),
    ]


def test_every_figure_says_that_its_numbers_are_published_or_of_the_phantom(published: Table) -> None:
    few = published.model_copy(update={"columns": published.columns[:2]})
    for found, mark in ((few, "PUBLISHED"), (phantom(), "PHANTOM, SYNTHETIC IMAGES")):
        for make in every(found):
            shown = texts(drawn(make))
            assert mark in shown
            assert found.title in shown


def test_rank_plot_draws_each_interval_and_rank(published: Table) -> None:
    assert published.analysis is not None
    axes = drawn(lambda: rank_figure(published)).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    shown = {row.id: row.display_name for row in published.rows}
    lines = [np.asarray(line.get_xydata()).tolist() for line in axes.lines]
    for place, item in enumerate(published.analysis.rankings[0].rows):
        assert labels[place] == shown[item.row]
        assert [[item.low, place], [item.high, place]] in lines
        assert [[item.mean_rank, place]] in lines


def test_critical_difference_is_drawn_to_the_scale_of_the_axis(published: Table) -> None:
    assert published.analysis is not None
    diagram = published.analysis.critical_differences[1]
    axes = drawn(lambda: critical_difference_figure(published, diagram)).axes[0]
    axis, *_ = [np.ptp(np.asarray(line.get_xdata())) for line in axes.lines]
    inches = axis / (len(diagram.pool) - 1)
    lengths = [np.ptp(np.asarray(line.get_xdata())) for line in axes.lines if line.get_linewidth() == 1.4]
    assert max(lengths) == pytest.approx(diagram.critical_difference * inches)
    assert sum(line.get_linewidth() == 3 for line in axes.lines) == len(diagram.cliques)
    assert f"CD = {diagram.critical_difference:.2f}" in texts(axes.figure)


def test_heat_map_shows_every_number_and_the_best_in_bold(published: Table) -> None:
    axes = drawn(lambda: heat_figure(published)).axes[0]
    inside = {(item.get_position()[0], item.get_position()[1]): item for item in axes.texts}
    for place, row in enumerate(published.rows):
        for number, cell in enumerate(row.cells):
            assert cell.summary is not None
            assert inside[number, place].get_text() == percent(cell.summary.mean)
            assert (inside[number, place].get_fontweight() == "bold") == cell.best


def test_bars_are_as_long_as_the_means_in_the_papers_order(published: Table) -> None:
    column = published.columns[11]
    axes = drawn(lambda: bar_figure(published, column)).axes[0]
    widths = [item.get_width() for item in axes.patches if isinstance(item, Rectangle)]
    means = [cell.summary.mean for row in published.rows if (cell := row.cell(column.task)) and cell.summary]
    assert widths == pytest.approx([100 * mean for mean in means])
    ends = [np.asarray(path.vertices)[:, 0].tolist() for bar in axes.collections for path in bar.get_paths()]
    halves = [
        cell.summary.interval95_normal
        for row in published.rows
        if (cell := row.cell(column.task)) and cell.summary
    ]
    oracle = [
        [100 * (mean - half), 100 * (mean + half)]
        for mean, half in zip(means, halves, strict=True)
        if half is not None
    ]
    assert [value for pair in ends for value in pair] == pytest.approx(
        [value for pair in oracle for value in pair]
    )


def test_the_sheet_has_a_chart_for_each_of_the_eighteen_tasks(published: Table) -> None:
    two = published.model_copy(update={"rows": published.rows[-2:]})
    assert [axes.get_title(loc="left").split(".")[0] for axes in drawn(lambda: bar_sheet(two)).axes] == [
        str(number) for number in range(1, 19)
    ]


def test_failed_and_missing_cells_have_no_bar_and_no_number() -> None:
    """Their surviving runs are excellent: 0.98 must not be seen."""
    found = phantom()
    bars, heat = drawn(lambda: bar_figure(found, found.columns[0])), drawn(lambda: heat_figure(found))
    assert len(bars.axes[0].containers) // 2 == 4
    assert " diverged" in texts(bars)
    assert {"div", "—"} <= set(texts(heat))
    assert not [text for figure in (bars, heat) for text in texts(figure) if "98" in text]


def test_ranks_need_two_complete_rows() -> None:
    assert rank_figure(analysed(table({"a": {"covid_linear": [0.3, 0.4]}}))) is None


def test_a_large_board_is_cut_and_says_so() -> None:
    found = phantom(70)
    random = found.rows[0].model_copy(update={"id": "random"})
    found = analysed(found.model_copy(update={"rows": [*found.rows[1:], random], "analysis": None}))
    rows, notes = shown_rows(found, analyse(found))
    assert len(rows) == LIMIT
    assert rows[-1].id == "random", "a reference stays, in the table's order"
    assert notes[0].startswith(f"{LIMIT} of 72 rows")
    axes = drawn(lambda: rank_figure(found)).axes[0]
    assert len(axes.get_yticks()) == LIMIT
    assert any(f"{LIMIT} of 71 rows" in text for text in texts(axes.figure))


@pytest.mark.parametrize("name", ["$x^2$", "W" * 80, "a\\frac{b}$", "<script>&"])
def test_a_name_is_text_and_fits_its_place(name: str) -> None:
    row = phantom().rows[0].model_copy(update={"display_name": name})
    shown = name_of(row, 8, 1.9)
    front, _, end = shown.partition("…")
    assert name.startswith(front)
    assert name.endswith(end)
    assert (shown == name) == (len(name) < 80)


def test_a_cut_name_keeps_what_tells_variants_apart() -> None:
    rows = [
        phantom().rows[0].model_copy(update={"display_name": f"Denoising autoencoder (demo, seed {seed})"})
        for seed in (1, 2)
    ]
    first, second = (name_of(row, 8, 1.9) for row in rows)
    assert "…" in first
    assert first != second
