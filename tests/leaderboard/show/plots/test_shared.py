"""Figures of several backbones: what is drawn is what is known, and equal inputs give equal bytes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import vl_convert

from lovt_bench.benchmark.contract.embedding_alignment import Alignment, BoxPlot
from lovt_bench.benchmark.contract.leaderboard import Cell, Summary
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.board.published_table import published_table
from lovt_bench.leaderboard.board.reference_embeddings import reference_models
from lovt_bench.leaderboard.show.plots.embedding_properties import FAMILIES, property_rows
from lovt_bench.leaderboard.show.plots.figure import chart_svg
from lovt_bench.leaderboard.show.plots.modality import modality_rows
from lovt_bench.leaderboard.show.plots.shared import (
    Compared,
    alignment_figures,
    bar_figures,
    modality_figures,
    property_figures,
    told_apart,
)
from lovt_bench.leaderboard.show.plots.write import write_figure
from lovt_bench.leaderboard.show.properties_latex import properties_latex
from tests.leaderboard.records import TASKS

PUBLISHED = [
    Compared(model.name, model.title, True, True, values=model.values)
    for model in reference_models().values()
]
OWN = Compared("mine", "mine", False, False, values={"image.std": 0.5, "image.cov": 0.0})


def fields(rows: list[Compared]) -> list[tuple[dict, dict]]:
    return [(row.fields, dict(row.values)) for row in rows]


def test_modality_assignment_sums_to_what_the_paper_prints() -> None:
    """analysis.md section 6: 89 % (LoVT_30), 42 % (no local loss), 89 % (no global loss)."""
    labels = {row["id"]: row["label"] for row in modality_rows(fields(PUBLISHED))}
    assert (labels["LoVT_30"], labels["no_l"], labels["no_g"]) == ("89 %", "42 %", "89 %")
    assert not modality_rows(fields([OWN]))


def test_uniformity_is_drawn_with_the_other_sign_and_zero_has_no_place_on_a_log_axis() -> None:
    rows = property_rows(FAMILIES["uniformity"], "image", fields(PUBLISHED[:1]))
    assert [(row["kind"], row["value"], row["spread"]) for row in rows] == [
        ("within an image", 1.966, 0.056),
        ("global, as pooled", 1.489, None),
    ]
    assert not property_rows(FAMILIES["covariance"], "image", fields([OWN]))


def test_marks_stand_where_the_values_are() -> None:
    ((name, figure),) = [item for item in property_figures(PUBLISHED[:2]) if item[0] == "std-image"]
    assert name == "std-image"
    scene = json.dumps(vl_convert.vegalite_to_scenegraph(figure.chart))
    for value in (0.777, 0.719, 0.215, 0.789):
        assert f'"value": {value}' in json.dumps(figure.chart)
    assert "LoVT (100 %)" in scene
    assert "global, as pooled" in scene


BOX = BoxPlot(low=0.6, q1=0.8, median=0.9, q3=1.0, high=1.3)
WIDE = BoxPlot(low=6, q1=8, median=9, q3=10, high=13)
ALIGNED = {"alignment.global": 0.9, "alignment.regions": 1.0}


def test_alignment_is_boxes_where_there_are_some_and_means_where_not() -> None:
    new = Compared("new", "new", False, False, ALIGNED, {"zg_a;zg_b": Alignment(scaled=BOX, unscaled=WIDE)})
    old = Compared("old", "old", False, False, ALIGNED)
    paper = Compared("paper", "paper", True, True, ALIGNED)
    figures = dict(alignment_figures([new, old, paper]))
    drawn = {
        name: [
            (row["id"], row["kind"], row.get("median"), row.get("value"))
            for row in figure.chart["datasets"]["rows"]
        ]
        for name, figure in figures.items()
    }
    both = ("image and report", "regions")
    assert drawn == {
        "alignment-scaled": [
            ("new", both[0], 0.9, None),
            ("new", both[1], None, 1.0),
            *(
                (name, kind, None, value)
                for name in ("old", "paper")
                for kind, value in zip(both, (0.9, 1.0), strict=True)
            ),
        ],
        "alignment-unscaled": [("new", both[0], 9, None)],
    }
    for figure in figures.values():
        assert any("lovt-bench analyze old" in note for note in figure.notes)
        assert not any("analyze new" in note or "analyze paper" in note for note in figure.notes)
    assert not dict(alignment_figures([OWN]))


def test_a_box_is_drawn_where_its_numbers_are() -> None:
    """The bar is from q1 to q3, one rule from low to q1, one from q3 to high, on one axis."""
    row = Compared("a", "a", False, False, {}, {"zg_a;zg_b": Alignment(scaled=BOX, unscaled=WIDE)})
    tree = ElementTree.fromstring(chart_svg(dict(alignment_figures([row]))["alignment-scaled"].chart))
    kinds: dict[str, list[ElementTree.Element]] = {}
    for item in tree.iter():
        if (kind := item.get("aria-roledescription")) in ("bar", "rule mark", "tick"):
            kinds.setdefault(str(kind), []).append(item)
    assert {kind: len(items) for kind, items in kinds.items()} == {"bar": 1, "rule mark": 2, "tick": 3}
    (bar,) = kinds["bar"]
    width = float(re.findall(r"h([\d.]+)", str(bar.get("d")))[0])
    lengths = [abs(float(str(rule.get("x2")))) / width for rule in kinds["rule mark"]]
    assert lengths == pytest.approx([(0.8 - 0.6) / (1.0 - 0.8), (1.3 - 1.0) / (1.0 - 0.8)])


def test_bars_are_percent_with_the_interval_of_their_table_and_published_ones_are_told_apart() -> None:
    (source,) = load_published()
    table = published_table(source, sorted(TASKS.values(), key=lambda spec: spec.number))
    summary = Summary(runs=5, mean=0.25, std=0.02, interval95_normal=0.01, interval95_student=0.02)
    cells = {"covid_linear": Cell(task="covid_linear", status="complete", summary=summary)}
    diverged = {"covid_linear": Cell(task="covid_linear", status="diverged", summary=None)}
    rows = told_apart(
        [
            Compared("mine", "mine", False, False, cells=cells),
            Compared("failed", "failed", False, True, cells=diverged),
            Compared("paper", "paper", True, True, cells=cells),
        ]
    )
    here = table.model_copy(update={"interval": "student-t"})
    ((name, figure),) = bar_figures(rows, here)
    assert (name, figure.title) == ("bars-12-covid_linear", "12. COVID Rural linear: Dice")
    shown = figure.chart["datasets"]["rows"]
    assert [(row["name"], row.get("mean"), row.get("half"), row["label"], row["from"]) for row in shown] == [
        ("mine", 25.0, 2.0, "25.0 ± 2.0", "measured here"),
        ("failed", None, None, "diverged", "baseline"),
        ("paper (published)", 25.0, 1.0, "25.0 ± 1.0", "baseline"),
    ]
    assert any("too narrow" in note for note in figure.notes)


def test_equal_inputs_give_equal_files(tmp_path: Path) -> None:
    ((name, figure),) = modality_figures(PUBLISHED[:3])
    for folder in ("one", "two"):
        count = write_figure(figure, tmp_path / folder / name, "source", "published", ("svg", "png", "vega"))
        assert count == 3
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["assignment.png", "assignment.svg", "assignment.vl.json"]
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert "PUBLISHED" in (tmp_path / "one" / "assignment.svg").read_text()
    assert "var(--" not in (tmp_path / "one" / "assignment.vl.json").read_text()


def test_the_latex_table_has_the_numbers_and_the_ratio() -> None:
    text = properties_latex(
        [("LoVT 30 %", reference_models()["LoVT_30"].values), ("mine_1", OWN.values)], "MIMIC"
    )
    assert text.isascii()
    assert (
        r"LoVT 30 \% & $0.778$ & $0.715 \pm 0.016$ & $0.222$ & $0.285$ & $0.759$ & $-1.940 \pm 0.059$" in text
    )
    assert r"$1.15 \cdot 10^{-5}$" in text
    assert r"mine\_1 & $0.500$ & \textemdash{} & " in text
    images, reports = text.split(r"\begin{table}")[1:]
    rows = [line for line in images.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
    assert len({line.count("&") for line in rows}) == 1
    assert "0.582" in reports
