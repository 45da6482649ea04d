"""`lovt-bench plot`: what the features of a backbone look like, and what its runs found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.evaluation_names import check_name
from lovt_bench.benchmark.cli.leaderboard_options import results_option
from lovt_bench.benchmark.cli.options import protocol_option, workspace_option
from lovt_bench.benchmark.cli.scored_rows import tasks_option
from lovt_bench.benchmark.workspace import workspace_root

KINDS = ("tsne", "smoothness", "features", "text", "weights", "attention", "cases", "curves")
"""What `--only` takes."""


@click.command()
@click.argument("backbone")
@click.option("--dataset", "datasets", multiple=True, metavar="NAME", help="Prepared dataset; repeatable.")
@click.option(
    "--corpus", "corpora", multiple=True, metavar="NAME", help="Corpus, by name or folder; repeatable."
)
@click.option("--only", "kinds", type=click.Choice(KINDS), multiple=True, help="Kind of figure; repeatable.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the figures.  [default: figures/backbones/BACKBONE in the workspace]",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(["png", "svg", "pdf"]),
    multiple=True,
    default=["png"],
    show_default=True,
    help="Repeatable.",
)
@click.option("--level", metavar="NAME", help="Feature level, such as c4.  [default: the deepest]")
@click.option(
    "--sentence", metavar="TEXT", help="Draw attention of sentences with TEXT.  [default: of the first study]"
)
@click.option("--seed", type=int, help="Of a drawn backbone.  [default: the first of the final runs]")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--profile", default="paper", show_default=True, help="Image side and number of test images.")
@protocol_option
@tasks_option
@results_option
@workspace_option
def plot(
    backbone: str,
    datasets: tuple[str, ...],
    corpora: tuple[str, ...],
    kinds: tuple[str, ...],
    out: Path | None,
    formats: tuple[Any, ...],
    level: str | None,
    sentence: str | None,
    seed: int | None,
    device: Any,
    profile: str,
    protocol: str,
    patterns: tuple[str, ...],
    results: Path | None,
    workspace: Path | None,
) -> None:
    """Draw what the features of BACKBONE look like on test images, and what its final runs found there.

    Without --dataset and --corpus all that are prepared are taken; --dataset chooses tasks, too. Features come from the
    cache of `evaluate` and `analyze`; a t-SNE is computed once. The same call draws the same SVG and PNG, to the byte,
    on one machine. Figures hold test images: mind the licence of the dataset before you show them. docs/plots.md says
    how to read each kind.

    \b
    Kinds:
      tsne         t-SNE of local and global features by finding
      smoothness   similarity of features by distance of their positions
      features     features as colours beside their images
      text         t-SNE of sentences and reports, and of images against text
      weights      weights of regions in attention pooling, over the mean image
      attention    where sentences look in the image (--sentence)
      cases        test images on which the runs of each task do best and worst, beside the truth
      curves       validation metric and losses of the runs of each task, by epoch

    \b
    Examples:
      lovt-bench plot lovt --corpus mimic-cxr --only tsne
      lovt-bench plot mine --dataset rsna --format pdf --out paper/figures
      lovt-bench plot lovt --corpus mimic-cxr --only attention --sentence effusion
      lovt-bench plot mine --only cases --only curves --tasks 'rsna_*'
      lovt-bench plot random-resnet18 --profile quick
    """
    from lovt_bench.benchmark.cli.analysis_questions import Asked
    from lovt_bench.benchmark.cli.plot_draw import OF_RUNS, Target, draw_features, draw_runs
    from lovt_bench.benchmark.data.errors import DataError

    chosen = kinds or KINDS
    try:
        root = workspace_root(workspace)
        check_name(backbone, root)
        asked = Asked(backbone, root, profile, protocol, datasets, corpora, level, seed, device)
        target = Target(out or root / "figures" / "backbones" / backbone, formats)
        drawn, failed = 0, 0
        if of_features := [kind for kind in chosen if kind not in OF_RUNS]:
            drawn, failed = draw_features(asked, of_features, sentence, target)
        of_runs = [kind for kind in chosen if kind in OF_RUNS]
        if of_runs and (kinds or datasets or not corpora):
            drawn += draw_runs(asked, of_runs, patterns, results or root / "results", target)
    except (DataError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if not drawn:
        raise click.ClickException("no figure was drawn: the lines above say why")
    from lovt_bench.leaderboard.text import plural

    say(f"Written: {target.out} ({plural(drawn, 'figure')})")
    if failed:
        raise click.ClickException(f"{failed} datasets or corpora failed; the figures of the others are kept")
