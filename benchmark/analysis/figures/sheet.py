"""Pictures side by side, with a caption below each: the body of a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from PIL import Image

from lovt_bench.benchmark.analysis.overlay import png
from lovt_bench.leaderboard.show.plots.figure import WIDTH

_LARGEST = 224
"""Pixels of a picture's side on the sheet at most, 96 to an inch."""

_GAP = 8
_LINE = 13
_HEAD = 22


@dataclass(frozen=True)
class Tile:
    """A picture and what is said of it, line by line."""

    picture: Image.Image
    caption: Sequence[str] = field(default=())


@dataclass(frozen=True)
class Row:
    """Tiles beside each other below a heading, which may be empty."""

    heading: str
    tiles: Sequence[Tile]


def sheet_svg(rows: Sequence[Row]) -> str:
    """Return rows of pictures as SVG; the same pictures give the same text."""
    top, placed = 0, []
    across = max(len(row.tiles) for row in rows)
    side = min(_LARGEST, (WIDTH + _GAP) // across - _GAP)
    for row in rows:
        head = _HEAD if row.heading else 0
        tiles = [
            {
                "x": index * (side + _GAP),
                "png": png(tile.picture),
                "caption": tile.caption,
            }
            for index, tile in enumerate(row.tiles)
        ]
        placed.append({"heading": row.heading, "at": top + 15, "y": top + head, "tiles": tiles})
        lines = max((len(tile.caption) for tile in row.tiles), default=0)
        top += head + side + _LINE * lines + (2 * _GAP if lines else _GAP)
    return _template().render(width=WIDTH, height=top, side=side, line=_LINE, rows=placed)


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("lovt_bench.benchmark.analysis.figures", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("sheet.svg.j2")
