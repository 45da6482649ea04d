"""`index.html`: the frame that scripts fill, and plain tables for browsers without them."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.leaderboard.board.replication import sentences
from lovt_bench.leaderboard.show.layout import (
    UNFINISHED,
    blocks,
    caption,
    cell_text,
    finished_apart,
    heading,
    last_column,
    making_legend,
    making_signs,
    mark,
    mean_rank_text,
)
from lovt_bench.leaderboard.show.page.assets import EARLY, SCRIPTS, STYLES
from lovt_bench.leaderboard.show.page.core import SHORT, section, short_title
from lovt_bench.leaderboard.show.page.links import web_address
from lovt_bench.leaderboard.show.page.parts import (
    COST_HEAD,
    STAMPS,
    VIEWS,
    balances,
    column_of,
    cost_cells,
    costs,
    filters_of,
    legend_of,
    letters,
    names_of,
    ranked_first,
    standing,
    telling,
)
from lovt_bench.leaderboard.show.page.properties import WARNING as PROPERTY_WARNING
from lovt_bench.leaderboard.show.page.properties import measured_on, property_sets
from lovt_bench.leaderboard.show.plots.cost import COSTS, LEGEND
from lovt_bench.leaderboard.statistics.task_value import WARNING
from lovt_bench.leaderboard.text import plural

PLAIN_ROWS = 100
"""Rows of a table that is shown without scripts; the CSV beside the page has all."""

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
)
"""Only files of the page itself: no inline script, no evaluation of text, no request elsewhere."""


def index_html(leaderboard: Leaderboard) -> bytes:
    """Return the page's frame."""
    text = _template().render(
        board=leaderboard,
        replicated=sentences(leaderboard),
        policy=POLICY,
        early=EARLY,
        styles=STYLES,
        scripts=SCRIPTS,
        plain_rows=PLAIN_ROWS,
        finished_apart=finished_apart,
        last_column=last_column,
        unfinished=UNFINISHED,
        caption=caption,
        blocks=blocks,
        heading=heading,
        cell_text=cell_text,
        signs=making_signs,
        legend=making_legend,
        mark=mark,
        mean_rank=mean_rank_text,
        link=web_address,
        section=section,
        short_title=short_title,
        **{
            part.__name__: part
            for part in (
                names_of,
                column_of,
                plural,
                legend_of,
                balances,
                costs,
                cost_cells,
                ranked_first,
                filters_of,
                letters,
                standing,
                telling,
            )
        },
        VIEWS=VIEWS,
        COSTS=COSTS,
        COST_HEAD=COST_HEAD,
        COST_LEGEND=LEGEND,
        SHORT=SHORT,
        STAMPS=STAMPS,
        telling_warning=WARNING,
        property_sets=property_sets,
        measured_on=measured_on,
        PROPERTY_WARNING=PROPERTY_WARNING,
    )
    return text.encode()


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("lovt_bench.leaderboard.show.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("index.html.j2")
