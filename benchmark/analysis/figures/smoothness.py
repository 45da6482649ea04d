"""How alike features are at near and far positions (analysis.md section 4)."""

from __future__ import annotations

from lovt_bench.benchmark.analysis.figures.figure import Drawn, Figures
from lovt_bench.benchmark.analysis.figures.subject import FIRST, Subject
from lovt_bench.benchmark.analysis.smoothness import similarities
from lovt_bench.leaderboard.show.plots.figure import WIDTH, chart_svg
from lovt_bench.leaderboard.show.plots.violins import Violin, violin_chart

_MOST_PAIRS = 1 << 22
"""Pairs of positions, of all images together."""

_TITLES = ("distance of two positions, in diagonals of the grid", "cosine similarity")


def smoothness_figures(subject: Subject) -> Figures:
    """Yield the similarity of two positions of an image by their distance, of the first images."""
    height, width = subject.grid
    images = min(FIRST, subject.question.images, max(1, _MOST_PAIRS // (height * width) ** 2))
    violins = [
        Violin(each.distance, each.pairs, each.quartiles, each.values.tolist(), each.density.tolist())
        for each in similarities(subject.maps(images))
    ]
    yield Drawn(
        name=subject.file("smoothness"),
        title="Similarity of features by distance",
        body=chart_svg(violin_chart(violins, 0.1, _TITLES, WIDTH)),
        notes=[
            f"All ordered pairs of the {height} x {width} positions of an image, a position with itself among them, of "
            f"the first {images} images. Width: number of pairs; lines: quartiles; dots: medians.",
            "High everywhere: positions of an image look alike. Falling: features tell near from far.",
        ],
        **subject.words(),
    )
