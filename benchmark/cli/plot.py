"""`lovt-bench plot`: what the features of a backbone look like, and what its runs found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lovt_bench.benchmark.cli.analyze import prepared_images
from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.evaluation_names import check_name
from lovt_bench.benchmark.cli.options import protocol_option, workspace_option
from lovt_bench.benchmark.workspace import workspace_root

if TYPE_CHECKING:
    from lovt_bench.benchmark.analysis.analyse import Question
    from lovt_bench.benchmark.analysis.figures.figure import Figures

KINDS = {
    "tsne": "t-SNE of local and global features by finding",
    "smoothness": "similarity of features by distance",
    "features": "features as colours beside their images",
}
"""What `--only` takes, and what it draws."""


@click.command()
@click.argument("backbone")
@click.option("--dataset", "datasets", multiple=True, metavar="NAME", help="Prepared dataset; repeatable.")
@click.option(
    "--corpus", "corpora", multiple=True, metavar="NAME", help="Corpus, by name or folder; repeatable."
)
@click.option(
    "--only", "kinds", type=click.Choice(list(KINDS)), multiple=True, help="Kind of figure; repeatable."
)
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
@click.option("--seed", type=int, help="Of a drawn backbone.  [default: the first of the final runs]")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--profile", default="paper", show_default=True, help="Image side and number of test images.")
@protocol_option
@workspace_option
def plot(
    backbone: str,
    datasets: tuple[str, ...],
    corpora: tuple[str, ...],
    kinds: tuple[str, ...],
    out: Path | None,
    formats: tuple[Any, ...],
    level: str | None,
    seed: int | None,
    device: Any,
    profile: str,
    protocol: str,
    workspace: Path | None,
) -> None:
    """Draw what the features of BACKBONE look like on test images.

    Without --dataset and --corpus all that are prepared are taken. Features come from the cache of `evaluate` and
    `analyze`; a t-SNE is computed once. The same call draws the same SVG and PNG, to the byte, on one machine. Figures
    hold test images: mind the licence of the dataset before you show them. docs/plots.md says how to read each kind.

    \b
    Kinds:
      tsne         t-SNE of local and global features by finding
      smoothness   similarity of features by distance of their positions
      features     features as colours beside their images

    \b
    Examples:
      lovt-bench plot lovt --corpus mimic-cxr --only tsne
      lovt-bench plot mine --dataset rsna --format pdf --out paper/figures
      lovt-bench plot random-resnet18 --profile demo
    """
    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.tasks.profile import input_side, load_profile
    from lovt_bench.tasks.protocol import load_protocol

    try:
        # Names first, then data, then what imports torch, which takes seconds.
        root = workspace_root(workspace)
        limits, rules = load_profile(profile), load_protocol(protocol)
        check_name(backbone, root)
        chosen = prepared_images(datasets, corpora, root, rules)
        from lovt_bench.benchmark.analysis.analyse import Question
        from lovt_bench.benchmark.analysis.embeddings import level_of
        from lovt_bench.benchmark.backbone.sources import resolve
        from lovt_bench.benchmark.engine.device.choice import choose_device

        source, place = resolve(backbone, root), choose_device(device)
        level_of(source, level)
        target = out or root / "figures" / "backbones" / backbone
        drawn, failed = 0, 0
        for name, opened in chosen.items():
            try:
                kind, identity, store = opened()
                question = Question(
                    source=source,
                    kind=kind,
                    dataset_sha256=identity,
                    store=store,
                    most_images=limits.max_test_images,
                    level=level,
                    seed=rules.runs.final_seeds[0] if seed is None else seed,
                    side=input_side(limits, rules),
                    half=rules.optimisation.frozen_feature_precision == "float16",
                    protocol=rules.name,
                    declared=rules.data.normalisation == "declared",
                    device=place,
                    workspace=root,
                )
                drawn += _draw(question, kinds, target, formats)
            except (DataError, ValueError) as error:
                if len(chosen) == 1:
                    raise
                failed += 1
                say(f"failed: {name}: {error}", style="red", lines=True)
    except (DataError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if failed or not drawn:
        raise click.ClickException(
            f"{failed} of {len(chosen)} failed; the figures of the others are kept"
            if drawn
            else "no figure was drawn"
        )
    say(f"Written: {target}")


def _draw(question: Question, kinds: tuple[str, ...], target: Path, formats: tuple[Any, ...]) -> int:
    """Draw the figures of one dataset or corpus, and return how many there are."""
    from lovt_bench.benchmark.analysis.figures.kinds import OF_FEATURES
    from lovt_bench.benchmark.analysis.figures.subject import Subject
    from lovt_bench.benchmark.cli.console import console, progress

    drawn = 0
    with progress("{task.description}", shown_on=console(err=True), transient=True) as bars:
        bar = bars.add_task("", total=None)
        what = f"{question.source.name} on {question.store.manifest.name}"

        def advance(images: int) -> None:
            bars.advance(bar, images)
            bars.update(bar, description=f"{what}: features of {int(bars.tasks[0].completed)} images")

        subject = Subject(question, advance)
        for kind, figures in OF_FEATURES.items():
            if not kinds or kind in kinds:
                drawn += _write(
                    figures(subject), target, formats, lambda text: bars.update(bar, description=text)
                )
    return drawn


def _write(figures: Figures, target: Path, formats: tuple[Any, ...], tell: Callable[[str], None]) -> int:
    """Write figures as they come and say which; return how many."""
    from lovt_bench.benchmark.analysis.figures.figure import LeftOut, write_drawn

    drawn = 0
    for each in figures:
        if isinstance(each, LeftOut):
            say(f"Left out, {each.name}: {each.why}")
            continue
        tell(f"{each.name}: {each.title}")
        write_drawn(each, target, formats)
        say(f"{each.name}: {each.title}")
        drawn += 1
    return drawn
