"""`lovt-bench why A B`: which tasks, runs and images put one row of the leaderboard above another."""

from __future__ import annotations

from pathlib import Path

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.leaderboard_options import results_option
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.cli.scored_rows import scored_rows, table_option, tasks_option


@click.command()
@click.argument("first")
@click.argument("second")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.html",
    help="Also write a page of one file, with pictures of the images.",
)
@click.option(
    "--images",
    "count",
    type=click.IntRange(1, 20),
    default=3,
    show_default=True,
    help="Images of a task for each row.",
)
@click.option(
    "--embed-licensed-images",
    is_flag=True,
    help="Draw images of licensed datasets into --out as well: the file must then not be passed on.",
)
@tasks_option
@table_option
@results_option
@workspace_option
def why(
    first: str,
    second: str,
    out: Path | None,
    count: int,
    embed_licensed_images: bool,
    patterns: tuple[str, ...],
    wanted: str,
    results: Path | None,
    workspace: Path | None,
) -> None:
    """Say which datasets, tasks, runs and images put row FIRST above row SECOND, or below it.

    Needs the predictions beside the run records and the image stores; trains nothing. The runs are those that the
    leaderboard shows. Every sentence names what it is about: these test images under other training seeds, or other
    images of the same source too. Pictures are of phantom images; those of licensed datasets are drawn only where
    --embed-licensed-images says so. docs/why.md explains each number.

    \b
    Examples:
      lovt-bench why lovt random
      lovt-bench why lovt random --tasks 'covid_*' --out lovt-random.html
    """
    if first == second:
        raise click.ClickException(f"FIRST and SECOND are both {first!r}: name two rows")
    if embed_licensed_images and out is None:
        raise click.ClickException(
            "--embed-licensed-images draws into the page of --out: give --out FILE.html"
        )
    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise click.ClickException(f"--out {out}: expected a name that ends in .html")
    scored = scored_rows((first, second), patterns, wanted, results, workspace)
    from lovt_bench.benchmark.cli.why_gather import Pictures, gather
    from lovt_bench.benchmark.cli.why_text import tell

    found = gather(scored, (first, second), count, Pictures(out is not None, embed_licensed_images))
    tell(found)
    if out is not None:
        from lovt_bench.benchmark.disk.temporary import write_text
        from lovt_bench.leaderboard.show.why_page import why_html

        write_text(out, why_html(found))
        say(f"Written: {out}")
