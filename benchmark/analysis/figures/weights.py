"""Which regions count in a method's image, and where a sentence looks (analysis.md section 4)."""

from __future__ import annotations

import textwrap

import numpy as np

from lovt_bench.benchmark.analysis.figures.figure import Drawn, Figures, LeftOut
from lovt_bench.benchmark.analysis.figures.heat import heated
from lovt_bench.benchmark.analysis.figures.sheet import Row, Tile, sheet_svg
from lovt_bench.benchmark.analysis.figures.subject import Subject
from lovt_bench.benchmark.analysis.overlay import Marks, picture
from lovt_bench.benchmark.analysis.studies import Study
from lovt_bench.leaderboard.text import clean

_ACROSS = 3
"""Pictures in a row."""

_MOST = 2 * _ACROSS
"""Sentences of a figure."""

_LETTERS = 40
_LINES = 4
"""Of a caption."""


def weight_figures(subject: Subject) -> Figures:
    """Yield the mean weight of each region in attention pooling, over the mean image."""
    name, inside = subject.file("region-weights"), subject.inside
    weights = inside.everywhere.get("weights_a")
    if weights is None:
        yield LeftOut(name, "the method has learnt no weights of regions")
        return
    shares = weights.mean(0).reshape(subject.grid)
    drawn = [picture(inside.mean_image, Marks()), heated(inside.mean_image, shares)]
    yield Drawn(
        name=name,
        title="Weights of regions in attention pooling",
        body=sheet_svg([Row("", [Tile(drawn[0], ["mean image"]), Tile(drawn[1], ["with mean weights"])])]),
        notes=[f"Mean over {len(weights):,} images; {_scale(shares)}"],
        **subject.words(),
    )


def attention_figures(subject: Subject) -> Figures:
    """Yield the regions that sentences attend to: those of `subject.sentence`, else the first study's."""
    name, wanted = subject.file("attention"), subject.sentence and clean(subject.sentence)
    studies = [study for study in subject.inside.studies if study.attention_b is not None]
    if not studies:
        why = subject.question.no_text or "the method has no attention from sentences to regions"
        yield LeftOut(name, why)
        return
    if wanted is None:
        chosen = [(studies[0], place) for place in range(len(studies[0].sentences))]
    else:
        chosen = [
            (study, place)
            for study in studies
            for place, text in enumerate(study.sentences)
            if wanted.casefold() in clean(text, len(text)).casefold()
        ]
    if not chosen:
        yield LeftOut(name, f"no sentence of the first {len(studies)} studies contains {wanted!r}")
        return
    tiles = [_tile(study, place, subject.grid) for study, place in chosen[:_MOST]]
    rows = [Row("", tiles[start : start + _ACROSS]) for start in range(0, len(tiles), _ACROSS)]
    whose = "The first study" if wanted is None else f"Sentences with {wanted!r}"
    more = f"; the first {_MOST} of {len(chosen)}" if len(chosen) > _MOST else ""
    yield Drawn(
        name=name,
        title="Where sentences look",
        body=sheet_svg(rows),
        notes=[
            f"{whose}{more}. Orange: attention of the sentence to each region, from none to the most that it pays to "
            f"one; that share stands below. Spread evenly each would have {100 / np.prod(subject.grid):.1f}\u00a0%."
        ],
        **subject.words(),
    )


def _tile(study: Study, place: int, grid: tuple[int, int]) -> Tile:
    assert study.attention_b is not None
    shares = study.attention_b[place].reshape(grid)
    said = textwrap.wrap(
        clean(study.sentences[place], 2 * _LINES * _LETTERS), _LETTERS, max_lines=_LINES, placeholder=" …"
    )
    return Tile(heated(study.image, shares), [*said, f"at most {100 * shares.max():.1f}\u00a0%"])


def _scale(shares: np.ndarray) -> str:
    return (
        f"orange from none to the most that a region has, {100 * shares.max():.1f}\u00a0%. The least has "
        f"{100 * shares.min():.1f}\u00a0%; spread evenly each would have {100 / shares.size:.1f}\u00a0%."
    )
