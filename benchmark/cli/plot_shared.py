"""`lovt-bench plot shared A B`: figures of several backbones beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.console import note, say
from lovt_bench.benchmark.cli.leaderboard_options import results_option
from lovt_bench.benchmark.cli.options import workspace_option

if TYPE_CHECKING:
    from lovt_bench.benchmark.cli.shared_rows import Shared
    from lovt_bench.leaderboard.show.plots.write import Written

KINDS = ("bars", "properties", "assignment", "alignment", "latex")


@click.command()
@click.argument("names", nargs=-1, metavar="A B...")
@click.option(
    "--only",
    "kinds",
    type=click.Choice(KINDS),
    multiple=True,
    help="Kind of figure; repeatable.  [default: all]",
)
@click.option(
    "--dataset", metavar="NAME", help="Only properties that were measured on this dataset or corpus."
)
@click.option(
    "--baseline", "baselines", multiple=True, metavar="NAME", help="One of them that bars show as a baseline."
)
@click.option(
    "--table", "wanted", metavar="TEXT", default="", help="The table whose id contains TEXT has the scores."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the figures.  [default: figures/shared in the workspace]",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(["png", "svg", "pdf", "vega"]),
    multiple=True,
    default=["png"],
    show_default=True,
    help="Repeatable; vega is the specification.",
)
@results_option
@workspace_option
def shared(
    names: tuple[str, ...],
    kinds: tuple[str, ...],
    dataset: str | None,
    baselines: tuple[str, ...],
    wanted: str,
    out: Path | None,
    formats: tuple[Written, ...],
    results: Path | None,
    workspace: Path | None,
) -> None:
    """Draw several backbones beside each other, in the order given: scores by task, and properties of embeddings.

    A name is a row of the leaderboard, or a published model: LoVT_100, LoVT_30, no_l, g_only, no_g, no_spatial.
    Properties come from the reports of `lovt-bench analyze`, scores from the run records. Published numbers stand
    beside measured ones only where these were measured as they were. Equal inputs give equal SVG and PNG files.

    \b
    Examples:
      lovt-bench plot shared lovt convirt random
      lovt-bench plot shared lovt LoVT_30 no_l no_g --only properties --format pdf
    """
    from lovt_bench.benchmark.cli.shared_rows import gather
    from lovt_bench.benchmark.workspace import workspace_root
    from lovt_bench.leaderboard.text import plural

    chosen = [kind for kind in KINDS if not kinds or kind in kinds]
    found = gather(names, baselines, dataset, wanted, results, workspace, scores="bars" in chosen)
    target = out or workspace_root(workspace) / "figures" / "shared"
    written = _write(found, chosen, target, formats)
    for text in found.notes:
        note(text)
    if not written:
        raise click.ClickException(
            f"there is nothing to draw of {', '.join(names)} for {', '.join(chosen)}: {' '.join(found.notes)}"
        )
    say(f"Written: {target} ({plural(written, 'file')})")


def _write(found: Shared, kinds: list[str], target: Path, formats: Sequence[Written]) -> int:
    """Write the figures and return how many files there are."""
    from lovt_bench.leaderboard.show.plots.shared import (
        alignment_figures,
        bar_figures,
        modality_figures,
        property_figures,
        told_apart,
    )
    from lovt_bench.leaderboard.show.plots.write import write_figure

    count = 0
    if "bars" in kinds and found.table is not None:
        for name, figure in bar_figures(told_apart(found.scored), found.table):
            count += write_figure(figure, target / name, found.table.title, found.tag, formats)
    for part in found.parts:
        rows = told_apart(part.rows)
        makers = {
            "properties": property_figures,
            "assignment": modality_figures,
            "alignment": alignment_figures,
        }
        for kind, make in makers.items():
            for name, figure in make(rows) if kind in kinds else ():
                count += write_figure(figure, target / f"{part.slug}-{name}", part.title, part.tag, formats)
        if "latex" in kinds:
            from lovt_bench.benchmark.disk.temporary import write_text
            from lovt_bench.leaderboard.show.properties_latex import properties_latex

            named = [(row.name, row.values) for row in rows if row.values]
            write_text(target / f"{part.slug}-properties.tex", properties_latex(named, part.title))
            count += 1
    return count
