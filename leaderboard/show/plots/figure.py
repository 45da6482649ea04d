"""A chart as a figure for papers: what it shows and where its numbers come from stand around it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.show.layout import mark
from lovt_bench.leaderboard.show.plots.theme import FONT, PAPER, Spec, on_paper
from lovt_bench.leaderboard.text import clean

Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = ("png", "svg", "pdf")

WIDTH = 700
"""Pixels across a figure, 96 to an inch."""

_PPI = 200
_MARGIN = 12
_LINE = 14
_LETTER = 5.3
"""Pixels of an average letter of a note."""

_GRADIENT = re.compile(r"gradient_\d+")
"""Name of a gradient in an SVG."""


@dataclass(frozen=True)
class Figure:
    """A chart with its title, and sentences that say how to read it."""

    title: str
    chart: Spec
    notes: Sequence[str] = field(default=())


def figure_svg(figure: Figure, table: Table) -> str:
    """Return the figure as SVG; the same figure gives the same text.

    Every figure says where its numbers come from: published, phantom and claimed tables are marked in a tag.
    """
    tag = mark(table).removeprefix(" · ")
    return framed(chart_svg(figure.chart), figure.title, clean(table.title, 160), tag, figure.notes)


def chart_svg(chart: Spec) -> str:
    """Return a chart, rows and width filled in, as SVG on white; the same chart gives the same text."""
    import vl_convert

    svg = vl_convert.vegalite_to_svg(on_paper(chart))
    # Vega counts gradients over all charts of a process.
    there = {name: f"gradient_{place}" for place, name in enumerate(dict.fromkeys(_GRADIENT.findall(svg)))}
    return _GRADIENT.sub(lambda found: there[found[0]], svg)


def framed(body: str, title: str, source: str, tag: str, notes: Sequence[str]) -> str:
    """Return a figure as SVG: what it shows, and the words around it; the same arguments give the same text.

    Args:
        body: SVG that begins with its width and height.
        title: What is shown.
        source: Where the numbers come from.
        tag: What must be known of them before anything else, such as that images are synthetic; may be empty.
        notes: Sentences below.
    """
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', body)
    if size is None:
        raise ValueError("the SVG of a figure begins without width and height")
    width, height = float(size[1]), float(size[2])
    full = max(width + 2 * _MARGIN, 460)
    tags = textwrap.wrap(tag.upper(), 26)
    lines = [line for note in notes for line in textwrap.wrap(note, int((full - 2 * _MARGIN) / _LETTER))]
    boxed = 16 + 7.4 * max(map(len, tags), default=0)
    above = max(50, 12 + 12 * len(tags) + 14)
    return _template().render(
        width=full,
        height=above + height + _LINE * len(lines) + 2 * _MARGIN,
        margin=_MARGIN,
        line=_LINE,
        above=above,
        below=above + height + _MARGIN,
        font=FONT,
        ink=PAPER["ink"],
        quiet=PAPER["quiet"],
        title=title,
        source=source,
        tag=tags,
        boxed=boxed,
        notes=lines,
        chart=body.replace("<svg ", f'<svg x="{_MARGIN}" y="{above}" ', 1),
    )


def figure_bytes(svg: str, form: Format) -> bytes:
    """Return a figure's SVG in a format."""
    import vl_convert

    if form == "png":
        return bytes(vl_convert.svg_to_png(svg, scale=1, ppi=_PPI))
    if form == "pdf":
        return bytes(vl_convert.svg_to_pdf(svg))
    return svg.encode()


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("lovt_bench.leaderboard.show.plots", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("figure.svg.j2")
