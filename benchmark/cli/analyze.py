"""`lovt-bench analyze`: the embeddings of a backbone, measured without labels."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.evaluation_names import check_name
from lovt_bench.benchmark.cli.options import protocol_option, workspace_option
from lovt_bench.benchmark.workspace import workspace_root

if TYPE_CHECKING:
    from lovt_bench.benchmark.analysis.corpus_store import CorpusStudies
    from lovt_bench.benchmark.analysis.question import Question
    from lovt_bench.benchmark.contract.dataset import PixelStatistics
    from lovt_bench.benchmark.contract.embedding_report import Source
    from lovt_bench.benchmark.contract.protocol import Protocol
    from lovt_bench.benchmark.data.store import ImageStore

    Images = tuple[Source, str, ImageStore, CorpusStudies | None]
    """What a store is made from, identity of that, the store, and reports and labels of a corpus."""


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
    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.tasks.profile import input_side, load_profile
    from lovt_bench.tasks.protocol import load_protocol

    try:
        # Names first, then data, then what imports torch, which takes seconds.
        root = workspace_root(workspace)
        limits, rules = load_profile(profile), load_protocol(protocol)
        for name in filter(None, (backbone, against)):
            check_name(name, root)
        normalised = None if pixel_statistics is None else _statistics(*pixel_statistics)
        chosen = prepared_images(datasets, corpora, root, rules)
        from lovt_bench.benchmark.analysis.embeddings import level_of
        from lovt_bench.benchmark.analysis.question import Question, analysis_file_of
        from lovt_bench.benchmark.backbone.sources import resolve
        from lovt_bench.benchmark.contract.embedding_report import AnalysisSettings
        from lovt_bench.benchmark.engine.device.choice import choose_device

        source, other = resolve(backbone, root), None if against is None else resolve(against, root)
        for each in filter(None, (source, other)):
            level_of(each, level)
        file = analysis_file_of(source)
        place, failed = choose_device(device), 0
        for name, opened in chosen.items():
            try:
                kind, identity, store, studies = opened()
                question = Question(
                    source=source,
                    other=other,
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
                    studies=studies,
                    file=file,
                    settings=AnalysisSettings(
                        self_pairs=self_pairs,
                        padded_sentences=padded_sentences,
                        train_mode=train_mode,
                        pixel_statistics=normalised,
                    ),
                )
                _answer(question)
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


def prepared_images(
    datasets: tuple[str, ...], corpora: tuple[str, ...], root: Path, protocol: Protocol
) -> dict[str, Callable[[], Images]]:
    """Return what opens the stores of the names, or of all that are prepared where none is given.

    Raises:
        ValueError: Nothing is prepared, or nothing of a name.
    """
    from lovt_bench.benchmark.contract.manifest_files import corpus_names
    from lovt_bench.benchmark.data.folders import dataset_of, store_folders
    from lovt_bench.benchmark.data.open_store import find_store
    from lovt_bench.benchmark.runtime.request import corpus_folder

    data = root / "data"
    prepared = list(dict.fromkeys(dataset_of(folder) for folder in store_folders(data)))
    all_of_them = not datasets and not corpora
    openers: dict[str, Callable[[], Images]] = {}
    for name in prepared if all_of_them else datasets:
        folder = find_store(data, name, protocol.data)
        if folder is not None:
            openers[f"dataset {name}"] = partial(_dataset, folder)
        elif not all_of_them:
            raise ValueError(_not_prepared(name, prepared, data, protocol.name))
    for name in corpus_names(root / "corpora") if all_of_them else corpora:
        openers[f"corpus {name}"] = partial(_corpus, corpus_folder(root, name), protocol, root / "features")
    if not openers:
        raise ValueError(
            f"nothing is prepared in {root} by protocol {protocol.name}; prepare a dataset with `lovt-bench data "
            "prepare NAME --raw DIR`, or a corpus with `lovt-bench corpus prepare`"
        )
    return openers


def _dataset(folder: Path) -> Images:
    from lovt_bench.benchmark.data.open_store import open_store

    store = open_store(folder)
    return "dataset", store.manifest.identity(), store, None


def _corpus(folder: Path, protocol: Protocol, scratch: Path) -> Images:
    from lovt_bench.benchmark.analysis.corpus_store import corpus_store, corpus_studies
    from lovt_bench.benchmark.data.corpus.format import read_manifest

    store = corpus_store(folder, "test", protocol.data, scratch)
    return "corpus", read_manifest(folder).identity(), store, corpus_studies(folder, "test")


def _not_prepared(name: str, prepared: list[str], data: Path, protocol: str) -> str:
    from lovt_bench.benchmark.contract.unknown import meant

    return (
        f"no dataset {name!r} is prepared by protocol {protocol} in {data}{meant(name, prepared)}; there: "
        f"{', '.join(prepared) or 'none'}. Prepare it with: lovt-bench data prepare {name} --raw DIR"
    )
