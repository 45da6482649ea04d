"""What a kind of figure gives: a drawing with the words around it, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lovt_bench.benchmark.contract.dataset import Track
from lovt_bench.benchmark.disk.temporary import new_file
from lovt_bench.leaderboard.show.plots.figure import Format, figure_bytes, framed
from lovt_bench.leaderboard.text import clean

_MARKS: dict[Track, str] = {"phantom": "phantom, synthetic images", "public": "", "own": "own data"}


@dataclass(frozen=True)
class Drawn:
    """A figure."""

    name: str
    """Of its file, without ending."""
    title: str
    source: str
    """Backbone, images and what else tells where it comes from."""
    track: Track
    body: str
    """SVG that begins with its width and height."""
    notes: Sequence[str] = field(default=())


@dataclass(frozen=True)
class LeftOut:
    """A figure that cannot be drawn."""

    name: str
    why: str


Figures = Iterator[Drawn | LeftOut]


def write_drawn(drawn: Drawn, out: Path, formats: Sequence[Format]) -> list[Path]:
    """Write a figure and return its files, `<name>.<format>`; the same figure gives the same SVG and PNG."""
    svg = framed(drawn.body, drawn.title, clean(drawn.source, 160), _MARKS[drawn.track], drawn.notes)
    files = [out / f"{drawn.name}.{form}" for form in formats]
    for form, target in zip(formats, files, strict=True):
        with new_file(target) as path:
            path.write_bytes(figure_bytes(svg, form))
    return files
