"""How every figure looks and is written: explicit `Figure` objects, fixed fonts, no dates, no mathematics in names.

Colours are those of Okabe and Ito (jfly.uni-koeln.de/color), told apart with any colour vision; a marker or a hatch
says the same in greyscale.
"""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.textpath import text_to_path

from lovt_bench.benchmark.contract.leaderboard import Row, Table
from lovt_bench.benchmark.contract.submission import Supervision
from lovt_bench.benchmark.disk.temporary import new_file
from lovt_bench.leaderboard.show.layout import mark
from lovt_bench.leaderboard.text import clean

Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = ("png", "svg", "pdf")

DPI = 200
FAINT = "#6b6b6b"
"""Colour of grid, notes and secondary marks."""


@dataclass(frozen=True)
class Look:
    """How rows of one kind of supervision are drawn."""

    label: str
    colour: str
    marker: str
    hatch: str


LOOKS: dict[Supervision, Look] = {
    "none": Look("no pre-training", "#d0d0d0", "X", ""),
    "general": Look("general images", "#e69f00", "s", "..."),
    "labels": Look("labels", "#cc79a7", "D", "////"),
    "self": Look("images only", "#56b4e9", "^", "\\\\\\\\"),
    "text": Look("images and reports", "#0072b2", "o", ""),
    "unknown": Look("not stated", "#f0e442", "v", "xxxx"),
}

_SETTINGS: dict[Any, Any] = {
    "text.parse_math": False,
    "text.usetex": False,
    "axes.unicode_minus": True,
    "font.family": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.5,
    "legend.frameon": False,
    "svg.hashsalt": "lovt-bench",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
    "path.simplify": False,
}

_METADATA: dict[Format, dict[str, str | None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": "lovt-bench"},
    "pdf": {"CreationDate": None, "Creator": "lovt-bench", "Producer": None},
}
"""Nothing that differs from one run to the next."""


@contextmanager
def settings() -> Iterator[None]:
    """Draw and write with the board's settings, whatever a user's matplotlibrc says; what was set before returns."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcParams.update(matplotlib.rcParamsDefault)
        matplotlib.rcParams.update(_SETTINGS)
        # A name may hold characters that the font lacks: they are shown as boxes, in silence.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield


def save(figure: Figure, target: Path, form: Format) -> Path:
    """Write a figure; the same figure gives the same bytes."""
    with new_file(target) as path:
        figure.savefig(path, format=form, dpi=DPI, metadata=_METADATA[form])
    return target


def name_of(row: Row, size: float, inches: float) -> str:
    """Return a row's display name on one line, at most that many inches wide at `size` points.

    The middle of a longer one is left out: what tells the variants of a method apart stands at the end.
    """
    text = clean(row.display_name, limit=80) or row.id
    font = FontProperties(family="DejaVu Sans", size=size)
    shown, kept = text, len(text)
    while kept > 1 and text_to_path.get_text_width_height_descent(shown, font, ismath=False)[0] > 72 * inches:
        kept -= 1
        end = text[len(text) - kept // 2 :].lstrip()
        shown = f"{text[: kept - kept // 2].rstrip()}…{end}"
    return shown


def frame(figure: Figure, table: Table, title: str, notes: list[str]) -> None:
    """Write title, what the numbers are, and notes around the axes, outside of them.

    Every figure says where its numbers come from: published, phantom and claimed tables are marked in the title, and
    again in a tag at the upper right.
    """
    height = figure.get_figheight()
    figure.text(0.02, 1 - 0.08 / height, title, va="top", ha="left", fontsize=10, weight="bold")
    figure.text(0.02, 1 - 0.28 / height, clean(table.title, 160), va="top", ha="left", fontsize=8)
    tag = textwrap.fill(mark(table).removeprefix(" · ").upper(), 26)
    if tag:
        figure.text(
            0.98,
            1 - 0.08 / height,
            tag,
            va="top",
            ha="right",
            fontsize=7,
            weight="bold",
            bbox={"boxstyle": "square,pad=0.3", "facecolor": "white", "edgecolor": "black", "linewidth": 1.0},
        )
    width = int(figure.get_figwidth() * 17)
    lines = [line for note in notes for line in textwrap.wrap(note, width)]
    figure.text(0.02, 0.06 / height, "\n".join(lines), va="bottom", ha="left", fontsize=7, color=FAINT)


def note_height(notes: list[str], width: float) -> float:
    """Return the inches that notes need below a figure of that width in inches."""
    lines = sum(len(textwrap.wrap(note, int(width * 17))) for note in notes)
    return 0.13 * lines + 0.1


def legend_of(axes: Axes, kinds: list[Supervision], *, bars: bool, inches: float) -> None:
    """Add a legend of the kinds of supervision that occur, in a line that many inches above the figure's lower edge."""
    looks = [look for kind, look in LOOKS.items() if kind in kinds]
    handles: list[Line2D | Patch] = []
    for look in looks:
        style: dict[str, Any] = {
            "color": look.colour,
            "marker": look.marker,
            "markeredgecolor": "black",
            "linestyle": "",
        }
        patch = Patch(
            facecolor=look.colour, hatch=look.hatch, edgecolor="black", linewidth=0.5, label=look.label
        )
        handles.append(patch if bars else Line2D([], [], label=look.label, **style))
    figure = axes.figure.get_figure(root=True)
    if figure is None:
        raise ValueError("a legend needs axes that are part of a figure")
    axes.legend(
        handles=handles,
        fontsize=6.5,
        loc="lower left",
        ncols=len(handles),
        columnspacing=1.0,
        handletextpad=0.5,
        handlelength=1.4,
        borderaxespad=0,
        bbox_transform=figure.transFigure,
        bbox_to_anchor=(0.02, inches / figure.get_figheight()),
    )
