"""Features as colours beside their images."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.analysis.feature_colours import feature_colours
from lovt_bench.benchmark.analysis.figures.figure import Drawn, Figures
from lovt_bench.benchmark.analysis.figures.heat import blocks
from lovt_bench.benchmark.analysis.figures.sheet import Row, Tile, sheet_svg
from lovt_bench.benchmark.analysis.figures.subject import FIRST, Subject
from lovt_bench.benchmark.analysis.overlay import Marks, picture

_MOST = 4
"""Images of a figure."""


def colour_figures(subject: Subject) -> Figures:
    """Yield images above their features in colours: those with a finding before others."""
    findings, most = subject.findings, min(FIRST, subject.question.images)
    seen = None if findings is None else findings.foreground
    empty = np.zeros(most, dtype=bool) if seen is None else ~seen[:most].any((1, 2))
    chosen = np.sort(np.argsort(empty, kind="stable")[:_MOST])
    images = subject.question.store.images[subject.rows[chosen]]
    truths = [Marks(None if seen is None else seen[place]) for place in chosen]
    above = [Tile(picture(image, truth)) for image, truth in zip(images, truths, strict=True)]
    below = [Tile(blocks(colours)) for colours in feature_colours(subject.maps(most)[chosen])]
    yield Drawn(
        name=subject.file("features"),
        title="Features as colours",
        body=sheet_svg([Row("", above), Row("", below)]),
        notes=[
            "Red, green and blue are the first three principal components of the features at all positions shown: like "
            "colours are like features, in one image and between images. Which colour stands for what means nothing.",
            *([] if seen is None else ["Blue: outline of masks or boxes."]),
        ],
        **subject.words(),
    )
