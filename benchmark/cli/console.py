"""Everything that commands print goes through this file: nothing from outside is read as markup or steers a terminal.

Lines by `say`; tables and whatever has a layout by `console`; bars by `progress`. Styles are given as such,
never within a text.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from lovt_bench.benchmark.printable import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn, TextColumn

PIPE_WIDTH = 1000
"""Characters of a line where no terminal bounds it: tables are as wide as what they hold."""


def say(
    text: object = "", *, style: str = "", end: str = "\n", err: bool = False, lines: bool = False
) -> None:
    """Print a text as it is; what would steer a terminal or forge a line shows as escapes.

    Args:
        text: What to print.
        style: A colour, `bold` or `dim`, where the stream is a terminal.
        end: What follows.
        err: Print to standard error.
        lines: The text has several lines, or tabs between its parts.
    """
    shown = printable(text, lines=lines)
    if style:
        shown = click.style(shown, **({style: True} if style in ("bold", "dim") else {"fg": style}))
    colours = False if os.environ.get("NO_COLOR") else None
    click.echo(shown + end, file=sys.stderr if err else sys.stdout, nl=False, color=colours)


def note(text: object) -> None:
    """Print a note to standard error: what was left out, or what a number does not say."""
    say(f"Note: {text}", err=True)


def console(*, err: bool = False, pipe_width: int = PIPE_WIDTH) -> Console:
    """Return what prints tables and text with a layout.

    Args:
        err: Print to standard error.
        pipe_width: Characters of a line where the stream is no terminal; there are no colours then.
    """
    from rich.console import Console
    from rich.segment import Segment
    from rich.text import Text

    class Plain(Console):
        """A console that shows text of any origin as it is."""

        def render_str(self, text: str, **options: Any) -> Text:
            # Before the layout, so that cells are as wide as what they show.
            return super().render_str(printable(text, lines=True), **options)

        def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                if segment.control:
                    yield segment
                else:
                    yield Segment(printable(segment.text, lines=True), segment.style)

    made = Plain(stderr=err, markup=False, emoji=False, highlight=False)
    if not made.is_terminal:
        made.width = pipe_width
    return made


def text_column(text: str, style: str = "none") -> TextColumn:
    """Return a column of a bar; `{task.description}` and `{task.fields[...]}` in it stand for what the bar is given."""
    from rich.progress import Task, TextColumn
    from rich.text import Text

    class Plain(TextColumn):
        def render(self, task: Task) -> Text:
            return Text(printable(self.text_format.format(task=task)), style=self.style)

    return Plain(text, style=style)


def progress(*columns: ProgressColumn | str, shown_on: Console, transient: bool = False) -> Progress:
    """Return bars that live on a terminal and are silent elsewhere.

    Args:
        columns: From left to right; a text becomes a `text_column`.
        shown_on: The console that prints lines above the bars.
        transient: Let the bars vanish at the end.
    """
    from rich.progress import Progress

    placed = (text_column(column) if isinstance(column, str) else column for column in columns)
    return Progress(*placed, console=shown_on, disable=not shown_on.is_terminal, transient=transient)
