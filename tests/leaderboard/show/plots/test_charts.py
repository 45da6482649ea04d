"""What is drawn is what the table says: values, intervals, marks, and names as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import vl_convert

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.board.published_table import published_table
from lovt_bench.leaderboard.show.layout import percent
from lovt_bench.leaderboard.show.plots.chart import filled
from lovt_bench.leaderboard.show.plots.choice import LIMIT, shown_rows
from lovt_bench.leaderboard.show.plots.critical_difference import critical_difference_chart
from lovt_bench.leaderboard.show.plots.figure import WIDTH, figure_svg
from lovt_bench.leaderboard.show.plots.scores import score_chart, score_rows
from lovt_bench.leaderboard.show.plots.theme import on_paper
from lovt_bench.leaderboard.show.plots.write import FIGURES, Kind
from lovt_bench.leaderboard.statistics.analyse import analyse
from tests.leaderboard.records import TASKS
from tests.leaderboard.statistics.tables import Runs, table

Item = dict[str, Any]


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


def drawn(spec: Item, kind: str) -> list[Item]:
    """Return the marks of a kind as Vega places them, axes and legends left out."""
    scene = vl_convert.vegalite_to_scenegraph(on_paper(spec))

    def marks(node: Item) -> Iterator[Item]:
        if node.get("role") == "mark" and node.get("marktype") == kind:
            yield from node.get("items", [])
        elif node.get("role") in ("mark", "frame", "scope", None):
            for item in node.get("items", []):
                yield from marks(item)

    return list(marks(scene["scenegraph"]))


def figure(found: Table, kind: Kind, place: int = 0) -> Any:
    return list(FIGURES[kind](found))[place][1]


def texts(svg: str) -> list[str]:
    return [item.text or "" for item in ElementTree.fromstring(svg).iter() if item.tag.endswith("text")]


def on_a_line(values: list[float], places: list[float]) -> Callable[[float], float]:
    """Return the linear scale that puts each value at its place; none may be off by a tenth of a pixel."""
    slope, start = np.polyfit(values, places, 1)
    assert slope != 0
    assert np.abs(slope * np.array(values) + start - np.array(places)).max() < 0.1
    return lambda value: float(slope * value + start)


def test_every_figure_says_that_its_numbers_are_published_or_of_the_phantom(published: Table) -> None:
    few = published.model_copy(update={"columns": published.columns[:2]})
    for found, mark in ((few, "PUBLISHED"), (phantom(), "PHANTOM, SYNTHETIC IMAGES")):
        for kind in ("ranks", "cd", "heatmap", "scores"):
            for _, item in FIGURES[kind](found):
                shown = texts(figure_svg(item, found))
                assert mark in shown
                assert found.title in shown


def test_rank_chart_places_each_interval_and_rank(published: Table) -> None:
    assert published.analysis is not None
    ranking, by_task = published.analysis.rankings
    spec = figure(published, "ranks").chart
    crosses, ranks = np.split(np.array([item["x"] for item in drawn(spec, "symbol")]), 2)
    scale = on_a_line([item.mean_rank for item in ranking.rows], list(ranks))
    lines = [item for item in drawn(spec, "rule") if item["x"] != item.get("x2", item["x"])]
    for item, line in zip(ranking.rows, lines, strict=True):
        assert sorted([line["x"], line["x2"]]) == pytest.approx([scale(item.low), scale(item.high)], abs=0.1)
    other = {item.row: item.mean_rank for item in by_task.rows}
    assert list(crosses) == pytest.approx([scale(other[item.row]) for item in ranking.rows], abs=0.1)
    names = {row.id: row.display_name for row in published.rows}
    assert [item["text"] for item in drawn(spec, "text")] == [names[item.row] for item in ranking.rows]


@pytest.mark.parametrize("place", [0, 1])
def test_critical_difference_is_drawn_to_the_scale_of_the_axis(published: Table, place: int) -> None:
    assert published.analysis is not None
    diagram = published.analysis.critical_differences[place]
    spec = critical_difference_chart(published, diagram) | {"width": WIDTH}
    rules = drawn(spec, "rule")
    hangers = [item for item in rules if item["x"] == item.get("x2", item["x"])]
    scale = on_a_line(diagram.mean_ranks, [item["x"] for item in hangers])
    bars = [item for item in rules if item.get("strokeWidth") == 4]
    ranks = dict(zip(diagram.pool, diagram.mean_ranks, strict=True))
    assert [sorted((item["x"], item["x2"])) for item in bars] == [
        pytest.approx([scale(ranks[clique[0]]), scale(ranks[clique[-1]])], abs=0.1)
        for clique in diagram.cliques
    ]
    (critical,) = [item for item in rules if item.get("strokeWidth") == 2]
    assert sorted([critical["x"], critical["x2"]]) == pytest.approx(
        [scale(1), scale(1 + diagram.critical_difference)], abs=0.1
    )
    assert f"CD = {diagram.critical_difference:.2f}" in [item["text"] for item in drawn(spec, "text")]


def test_a_critical_difference_longer_than_the_axis_says_so(published: Table) -> None:
    assert published.analysis is not None
    diagram = published.analysis.critical_differences[0].model_copy(update={"critical_difference": 40.0})
    spec = critical_difference_chart(published, diagram) | {"width": WIDTH}
    assert "CD = 40.00 (longer than the axis)" in [item["text"] for item in drawn(spec, "text")]
    (critical,) = [item for item in drawn(spec, "rule") if item.get("strokeWidth") == 2]
    assert max(critical["x"], critical["x2"]) < WIDTH


def test_heat_map_shows_every_number_and_the_best_in_bold(published: Table) -> None:
    spec = figure(published, "heatmap").chart
    names = {row.display_name for row in published.rows}
    shown = [item for item in drawn(spec, "text") if item["text"] not in names]
    for cell, item in zip([cell for row in published.rows for cell in row.cells], shown, strict=True):
        assert cell.summary is not None
        assert item["text"] == percent(cell.summary.mean)
        assert (item["fontWeight"] == "bold") == cell.best


def test_scores_and_intervals_are_placed_to_one_scale_in_the_papers_order(published: Table) -> None:
    column = published.columns[11]
    spec = filled(score_chart(), score_rows(published, column, published.rows), WIDTH)
    cells = [cell for row in published.rows if (cell := row.cell(column.task))]
    means = [cell.summary.mean for cell in cells if cell.summary]
    scale = on_a_line(means, [item["x"] for item in drawn(spec, "symbol")])
    ends = [sorted((item["x"], item["x2"])) for item in drawn(spec, "rule") if item.get("strokeWidth") == 5]
    halves = [(cell.summary.mean, cell.summary.interval95_normal) for cell in cells if cell.summary]
    assert ends == [
        pytest.approx([scale(mean - half), scale(mean + half)], abs=0.1)
        for mean, half in halves
        if half is not None
    ]


def test_single_runs_are_drawn_where_they_are_known() -> None:
    found = phantom()
    spec = filled(score_chart(), score_rows(found, found.columns[0], found.rows), WIDTH)
    runs = [run.value for row in found.rows[:3] for run in row.cells[0].runs]
    symbols = drawn(spec, "symbol")
    on_a_line([value for value in runs if value is not None], [item["x"] for item in symbols[: len(runs)]])


def test_the_sheet_has_a_chart_for_each_of_the_eighteen_tasks(published: Table) -> None:
    two = published.model_copy(update={"rows": published.rows[-2:]})
    shown = texts(figure_svg(figure(two, "scores"), two))
    assert [
        text.split(".")[0] for text in shown if text.split(". ")[-1] in {c.title for c in two.columns}
    ] == [str(number) for number in range(1, 19)]


def test_failed_and_missing_cells_have_no_mark_and_no_number() -> None:
    """Their surviving runs are excellent: 0.98 must not be seen."""
    found = phantom()
    scores = texts(figure_svg(figure(found, "scores", 1), found))
    heat = texts(figure_svg(figure(found, "heatmap"), found))
    spec = filled(score_chart(), score_rows(found, found.columns[0], found.rows), WIDTH)
    assert len([item for item in drawn(spec, "symbol") if item["size"] == 64]) == 4
    assert "diverged" in scores
    assert {"div", "—"} <= set(heat)
    assert not [text for text in (*scores, *heat) if "98" in text]


def test_ranks_need_two_complete_rows() -> None:
    assert list(FIGURES["ranks"](analysed(table({"a": {"covid_linear": [0.3, 0.4]}})))) == []


def test_a_large_board_is_cut_and_says_so() -> None:
    found = phantom(70)
    random = found.rows[0].model_copy(update={"id": "random"})
    found = analysed(found.model_copy(update={"rows": [*found.rows[1:], random], "analysis": None}))
    rows, notes = shown_rows(found, analyse(found))
    assert len(rows) == LIMIT
    assert rows[-1].id == "random", "a reference stays, in the table's order"
    assert notes[0].startswith(f"{LIMIT} of 72 rows")
    ranks = figure(found, "ranks")
    assert len(drawn(ranks.chart, "text")) == LIMIT
    assert any(f"{LIMIT} of 71 rows" in note for note in ranks.notes)


@pytest.mark.parametrize(
    "name", ["$x^2$", "W" * 80, "a\\frac{b}$", "<script>&", "x'+datum.id+'", "var(--ink)", "var(--no)"]
)
def test_a_name_is_text_and_fits_its_place(name: str) -> None:
    found = phantom()
    rows = [row.model_copy(update={"display_name": name}) for row in found.rows[:2]]
    spec = filled(score_chart(), score_rows(found, found.columns[0], rows), WIDTH)
    shown = [item["text"] for item in drawn(spec, "text")[:2]]
    assert shown[0] == shown[1], "equal names of two rows stand on two lines"
    front, _, end = shown[0].partition("…")
    assert name.startswith(front)
    assert name.endswith(end)
    assert (shown[0] == name) == (len(name) < 80)


def test_a_cut_name_keeps_what_tells_variants_apart() -> None:
    found = phantom()
    rows = [
        row.model_copy(update={"display_name": f"Denoising autoencoder (demo, seed {seed})"})
        for seed, row in enumerate(found.rows[:2])
    ]
    spec = filled(score_chart(), score_rows(found, found.columns[0], rows), WIDTH)
    first, second = [item["text"] for item in drawn(spec, "text")[:2]]
    assert "…" in first
    assert first != second
