"""Features as colours beside their images."""

from __future__ import annotations

from lovt_bench.benchmark.analysis.feature_colours import feature_colours
from lovt_bench.benchmark.analysis.figures.figure import Drawn, Figures
from lovt_bench.benchmark.analysis.figures.picture import blocks, xray
from lovt_bench.benchmark.analysis.figures.sheet import Row, Tile, sheet_svg
from lovt_bench.benchmark.analysis.figures.subject import Subject

_MOST = 5
"""Images of a figure."""


def colour_figures(subject: Subject) -> Figures:
    """Yield the first images, those with a finding before others, above their features in colours."""
    chosen = list(range(min(_MOST, subject.question.images)))
    maps = feature_colours(subject.maps(len(chosen)))
    images = subject.question.store.images[subject.rows[chosen]]
    rows = [
        Row("", [Tile(xray(image)) for image in images]),
        Row("", [Tile(blocks(colours)) for colours in maps]),
    ]
    yield Drawn(
        name=subject.file("features"),
        title="Features as colours",
        body=sheet_svg(rows),
        notes=[
            "Red, green and blue are the first three principal components of the features at all positions shown: like "
            "colours are like features, in one image and between images. Which colour stands for what means nothing."
        ],
        **subject.words(),
    )
