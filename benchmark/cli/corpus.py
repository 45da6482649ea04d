"""`lovt-bench corpus`: thin commands over `benchmark.data.corpus`; nothing heavy is imported before a command runs."""

from __future__ import annotations

from pathlib import Path

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.contract.corpus import CORPUS_SIDE


@click.group()
def corpus() -> None:
    """Prepare, show and verify the corpora that submissions pre-train on.

    \b
    Examples:
      lovt-bench corpus prepare mimic-cxr --raw MIMIC
      lovt-bench corpus prepare pairs --raw SCANS --table SCANS/reports.csv --name our-hospital
      lovt-bench corpus phantom-masks                  # what the ceiling learns from
      lovt-bench corpus show mimic-cxr
      lovt-bench corpus verify
    """


@corpus.command()
@click.argument("kind", metavar="mimic-cxr|pairs", type=click.Choice(["mimic-cxr", "pairs"]))
@click.option(
    "--raw",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the raw files; it is only read.",
)
@click.option(
    "--table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="pairs: CSV or JSONL with a row per image.",
)
@click.option("--name", default="my-corpus", show_default=True, help="pairs: name of the corpus.")
@click.option(
    "--display-name", help="pairs: what backbones declare as pre-training data [default: the name]."
)
@click.option("--labels", help="pairs: label columns, separated by commas.")
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="pairs: draws the splits where the table has no column `split`.",
)
@click.option(
    "--side",
    type=click.IntRange(32, 4096),
    default=CORPUS_SIDE,
    show_default=True,
    help="Limit of the shorter side of a stored image in pixels.",
)
@click.option("--splitter", default="spacy", show_default=True, help="Sentence splitter: spacy or stanza.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes [default: one per core].")
@click.option("--force", is_flag=True, help="Prepare again even if nothing changed.")
@workspace_option
def prepare(
    kind: str,
    raw: Path,
    table: Path | None,
    name: str,
    display_name: str | None,
    labels: str | None,
    seed: int,
    side: int,
    splitter: str,
    workers: int | None,
    force: bool,
    workspace: Path | None,
) -> None:
    """Make a corpus from MIMIC-CXR or from your own images.

    The corpus goes to WORKSPACE/corpora/NAME; what is prepared already is left alone. docs/data.md shows the raw
    layouts, the columns of a table and how much disk a corpus takes.

    \b
    Examples:
      lovt-bench corpus prepare mimic-cxr --raw MIMIC --workers 16
      lovt-bench corpus prepare pairs --raw SCANS --table SCANS/reports.jsonl --name our-hospital \\
          --labels Edema,Fracture --display-name "Our Hospital"
    """
    from lovt_bench.benchmark.cli.corpus_show import describe
    from lovt_bench.benchmark.cli.data_show import progress_bar
    from lovt_bench.benchmark.data.corpus.mimic_cxr import list_mimic_cxr
    from lovt_bench.benchmark.data.corpus.pairs import list_pairs
    from lovt_bench.benchmark.data.corpus.prepare import prepare as prepare_corpus
    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.benchmark.workspace import workspace_root

    if (kind == "pairs") != (table is not None):
        raise click.UsageError("`pairs` needs --table FILE, `mimic-cxr` takes none.")
    try:
        if table is None:
            listing = list_mimic_cxr(raw)
        else:
            chosen = [label.strip() for label in labels.split(",")] if labels else []
            listing = list_pairs(raw, table, name, display_name or name, chosen, seed)
        with progress_bar(f"prepare {listing.name}", "studies") as on_progress:
            outcome = prepare_corpus(
                listing,
                workspace_root(workspace) / "corpora",
                side=side,
                splitter_name=splitter,
                workers=workers,
                force=force,
                on_progress=on_progress,
            )
    except DataError as error:
        raise click.ClickException(str(error)) from error
    if outcome.found:
        say(f"{outcome.root} is up to date (same sources, same options); --force prepares it again.")
    say(describe(outcome.root, outcome.manifest), lines=True)


@corpus.command(name="phantom-masks")
@click.option("--images", type=click.IntRange(16), default=1600, show_default=True, help="Images to draw.")
@click.option(
    "--side",
    type=click.IntRange(128, 2048),
    default=256,
    show_default=True,
    help="Side of an image in pixels, a multiple of 32.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Another seed, other patients."
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes [default: one per core].")
@click.option("--force", is_flag=True, help="Draw again even if nothing changed.")
@workspace_option
def phantom_masks(
    images: int, side: int, seed: int, workers: int | None, force: bool, workspace: Path | None
) -> None:
    """Draw the corpus of the ceiling: synthetic X-rays that carry their own masks and boxes.

    It goes to WORKSPACE/corpora/phantom-masks and shows other patients than any phantom dataset, whatever its seed.
    Only a control learns from it (`lovt-bench pretrain phantom_masks`); the harness gives it to no method.

    \b
    Examples:
      lovt-bench corpus phantom-masks
      lovt-bench corpus phantom-masks --images 400 --side 128
    """
    from lovt_bench.benchmark.cli.corpus_show import describe
    from lovt_bench.benchmark.cli.data_show import progress_bar
    from lovt_bench.benchmark.data.corpus.phantom_masks import Drawing, draw_corpus
    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.benchmark.workspace import workspace_root

    try:
        with progress_bar("draw phantom-masks") as on_progress:
            outcome = draw_corpus(
                workspace_root(workspace) / "corpora",
                Drawing(images, side, seed),
                workers=workers,
                force=force,
                on_progress=on_progress,
            )
    except DataError as error:
        raise click.ClickException(str(error)) from error
    if outcome.found:
        say(f"{outcome.root} is up to date (same options); --force draws it again.")
    say(describe(outcome.root, outcome.manifest), lines=True)


@corpus.command()
@click.argument("name")
@click.option("--examples", type=click.IntRange(0), default=2, show_default=True, help="Reports to show.")
@workspace_option
def show(name: str, examples: int, workspace: Path | None) -> None:
    """Show what corpus NAME holds: counts, labels, what was left out, and a few reports as sentences.

    \b
    Examples:
      lovt-bench corpus show mimic-cxr
      lovt-bench corpus show our-hospital --examples 10
    """
    from lovt_bench.benchmark.cli.corpus_show import describe, example_reports
    from lovt_bench.benchmark.data.corpus.format import read_manifest
    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.benchmark.workspace import workspace_root

    root = workspace_root(workspace) / "corpora" / name
    try:
        manifest = read_manifest(root)
        say(describe(root, manifest), lines=True)
        if manifest.has_reports and examples:
            say(example_reports(root, examples), lines=True)
    except (DataError, OSError) as error:
        raise click.ClickException(str(error)) from error


@corpus.command(name="list")
@workspace_option
def list_corpora(workspace: Path | None) -> None:
    """List the corpora of the workspace."""
    from lovt_bench.benchmark.cli.corpus_show import table_of
    from lovt_bench.benchmark.workspace import workspace_root

    say(table_of(workspace_root(workspace) / "corpora"), lines=True)


@corpus.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@workspace_option
def verify(names: tuple[str, ...], workspace: Path | None) -> None:
    """Check corpora: digests, offsets, counts. Without NAME all of them; ends with 1 if there is a problem.

    \b
    Examples:
      lovt-bench corpus verify
      lovt-bench corpus verify mimic-cxr
    """
    from lovt_bench.benchmark.contract.manifest_files import corpus_names
    from lovt_bench.benchmark.data.corpus.verify import verify_corpus
    from lovt_bench.benchmark.workspace import workspace_root

    folder = workspace_root(workspace) / "corpora"
    chosen = list(names) or corpus_names(folder)
    if not chosen:
        raise click.ClickException(f"no corpus in {folder}; make one with: lovt-bench corpus prepare --help")
    failed = 0
    for name in chosen:
        problems = verify_corpus(folder / name)
        failed += bool(problems)
        say(f"{name}: {f'{len(problems)} problems' if problems else 'ok'}")
        for problem in problems:
            say(f"  problem: {problem}")
    if failed:
        raise click.ClickException(f"{failed} of {len(chosen)} corpora have problems; prepare them again")
