"""Charts of embeddings: every point and every violin is drawn, and legends say what is what."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from lovt_bench.leaderboard.show.plots.figure import chart_svg
from lovt_bench.leaderboard.show.plots.scatter import OTHERS, class_chart, share_chart
from lovt_bench.leaderboard.show.plots.theme import CLASSES
from lovt_bench.leaderboard.show.plots.violins import Violin, violin_chart

NOTHING = "no finding"


def read(chart):
    """Return texts, and the colours of points, of a chart."""
    tree = ElementTree.fromstring(chart_svg(chart))
    texts = [item.text for item in tree.iter() if item.tag.endswith("text")]
    marks = [item for item in tree.iter() if item.get("aria-roledescription") == "point"]
    return texts, [item.get("fill") for item in marks]


def test_points_of_a_class_lie_above_those_without_one():
    texts, colours = read(class_chart([(0, 0), (1, 1), (2, 2)], ["a", NOTHING, "a"], NOTHING, 300))
    assert colours == [CLASSES[0][0], CLASSES[1][0], CLASSES[1][0]]
    assert [text for text in texts if text] == [f"{NOTHING} (1)", "a (2)"]


def test_classes_beyond_the_looks_are_one():
    classes = [f"{number:02d}" for number in range(14) for _ in range(20 - number)]
    points = [(float(place), 0.0) for place in range(len(classes))]
    texts, colours = read(class_chart(points, classes, NOTHING, 300))
    assert len(set(colours)) == len(CLASSES) - 1
    assert len(set(CLASSES)) == len({colour for colour, _ in CLASSES}) == len(CLASSES)
    rest = sum(20 - number for number in range(len(CLASSES) - 2, 14))
    assert [text for text in texts if text][-1] == f"{OTHERS} ({rest})"


def test_a_class_may_have_any_name():
    texts, _ = read(class_chart([(0, 0), (1, 1)], ["<b>", "var(--ink)"], NOTHING, 300))
    assert {"<b> (1)", "var(--ink) (1)"} <= set(texts)


def test_the_densest_points_lie_above_the_others():
    _, colours = read(share_chart([(0, 0), (1, 1), (2, 2)], [1, 0, 0.5], "share", 300))
    assert len(set(colours)) == 3
    assert colours[-1] == "rgb(0, 114, 178)"


@pytest.mark.parametrize("values", [[0.2, 0.4, 0.9], [0.5, 0.5]])
def test_every_violin_has_three_quartiles(values):
    violins = [Violin(x, 7, (0.3, 0.4, 0.5), values, [1.0] * len(values)) for x in (0.0, 0.1)]
    tree = ElementTree.fromstring(chart_svg(violin_chart(violins, 0.1, ("x", "y"), 300)))
    rules = [item for item in tree.iter() if item.get("aria-roledescription") == "rule mark"]
    areas = [item for item in tree.iter() if "mark-area" in item.get("class", "")]
    assert (len(rules), len(areas)) == (6, 2)
