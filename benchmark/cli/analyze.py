"""`lovt-bench analyze`: the embeddings of a backbone, measured without labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.options import protocol_option, workspace_option
from lovt_bench.benchmark.workspace import workspace_root

if TYPE_CHECKING:
    from lovt_bench.benchmark.analysis.question import Question
    from lovt_bench.benchmark.contract.dataset import PixelStatistics


@click.command()
@click.argument("backbone")
@click.option("--dataset", "datasets", multiple=True, metavar="NAME", help="Prepared dataset; repeatable.")
@click.option(
    "--corpus", "corpora", multiple=True, metavar="NAME", help="Corpus, by name or folder; repeatable."
)
@click.option("--against", metavar="BACKBONE", help="Compare with it: linear CKA, distances.")
@click.option("--level", metavar="NAME", help="Feature level, such as c4.  [default: the deepest]")
@click.option("--seed", type=int, help="Of a drawn backbone.  [default: the first of the final runs]")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("--profile", default="paper", show_default=True, help="Image side and number of test images.")
@protocol_option
@click.option("--self-pairs", is_flag=True, help="Reference: count the pair of an embedding with itself.")
@click.option(
    "--padded-sentences", is_flag=True, help="Reference: padding counts as a region's nearest sentence."
)
@click.option("--train-mode", is_flag=True, help="Reference, on RSNA: batch norm with batch statistics.")
@click.option(
    "--pixel-statistics",
    nargs=2,
    type=float,
    metavar="MEAN STD",
    help="Reference, on RSNA: normalise images by these, not by those of the dataset.",
)
@workspace_option
def analyze(
    backbone: str,
    datasets: tuple[str, ...],
    corpora: tuple[str, ...],
    against: str | None,
    level: str | None,
    seed: int | None,
    device: Any,
    profile: str,
    protocol: str,
    self_pairs: bool,
    padded_sentences: bool,
    train_mode: bool,
    pixel_statistics: tuple[float, float] | None,
    workspace: Path | None,
) -> None:
    """Measure the embeddings of BACKBONE on test images: spread, uniformity, covariance, effective rank.

    BACKBONE is `random`, `random-ARCHITECTURE`, `imagenet`, or a folder under workspace/backbones/. Without --dataset
    and --corpus all that are prepared are taken, one after the other. Reports that are there are not made again, so a
    call that was cut off goes on. On a corpus with reports the other half of an image-text method is measured, too,
    if it left analysis.safetensors beside the backbone; LOVT_BENCH_TEXT_MODEL names the folder of a text model that is
    not in the cache of Hugging Face. No label is read, and no rank depends on it; docs/analysis.md says what each
    number means.

    \b
    Examples:
      lovt-bench analyze lovt --corpus mimic-cxr
      lovt-bench analyze mine --dataset rsna --dataset siim
      lovt-bench analyze mine --against imagenet --level c4
      lovt-bench analyze mine --dataset rsna --self-pairs --train-mode --pixel-statistics 0.5 0.5
    """
    from lovt_bench.benchmark.cli.analysis_questions import Asked, questions
    from lovt_bench.benchmark.contract.embedding_report import AnalysisSettings
    from lovt_bench.benchmark.data.errors import DataError

    try:
        settings = AnalysisSettings(
            self_pairs=self_pairs,
            padded_sentences=padded_sentences,
            train_mode=train_mode,
            pixel_statistics=None if pixel_statistics is None else _statistics(*pixel_statistics),
        )
        root, failed = workspace_root(workspace), 0
        asked = Asked(backbone, root, profile, protocol, datasets, corpora, level, seed, device)
        chosen = questions(asked, against, settings)
        for name, opened in chosen.items():
            try:
                _answer(opened())
            except (DataError, ValueError) as error:
                if len(chosen) == 1:
                    raise
                failed += 1
                say(f"failed: {name}: {error}", style="red", lines=True)
    except (DataError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if failed:
        raise click.ClickException(f"{failed} of {len(chosen)} analyses failed; the others are kept")


def _answer(question: Question) -> None:
    """Make or find the report of one dataset, and print it."""
    from lovt_bench.benchmark.analysis.analyse import report_of
    from lovt_bench.benchmark.cli.analysis_report import print_report
    from lovt_bench.benchmark.cli.console import console, progress

    shown_on = console(err=True)
    with progress("{task.description}: {task.completed} images", shown_on=shown_on, transient=True) as bars:
        bar = bars.add_task(f"{question.source.name} on {question.store.manifest.name}", total=None)
        report, was_there = report_of(question, lambda images: bars.advance(bar, images))
    print_report(report)
    say(f"Report{' (was there)' if was_there else ''}: {question.path}")


def _statistics(mean: float, std: float) -> PixelStatistics:
    from lovt_bench.benchmark.contract.dataset import PixelStatistics
    from lovt_bench.benchmark.contract.model_file import checked

    return checked(PixelStatistics, {"mean": mean, "std": std}, "--pixel-statistics:")
