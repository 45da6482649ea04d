"""What a command line asks of the embeddings of a backbone: one question for each dataset and corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lovt_bench.benchmark.cli.evaluation_names import check_name

if TYPE_CHECKING:
    from lovt_bench.benchmark.analysis.corpus_store import CorpusStudies
    from lovt_bench.benchmark.analysis.question import Question
    from lovt_bench.benchmark.contract.embedding_report import AnalysisSettings, Source
    from lovt_bench.benchmark.contract.protocol import Protocol
    from lovt_bench.benchmark.data.store import ImageStore

    Images = tuple[Source, str, ImageStore, CorpusStudies | None]
    """What a store is made from, identity of that, the store, and reports and labels of a corpus."""


class NothingPreparedError(ValueError):
    """There is neither a dataset nor a corpus in the workspace, and none was named."""


@dataclass(frozen=True)
class Asked:
    """What `analyze` and `plot` ask alike, as it was given."""

    backbone: str
    workspace: Path
    profile: str
    protocol: str
    datasets: tuple[str, ...]
    corpora: tuple[str, ...]
    level: str | None
    seed: int | None
    device: Any


def questions(
    asked: Asked, against: str | None = None, settings: AnalysisSettings | None = None
) -> dict[str, Callable[[], Question]]:
    """Return what opens each question, by what people call its images; opening raises DataError or ValueError.

    Args:
        asked: What is asked.
        against: A backbone to compare with.
        settings: Of the analysis; None: the defaults.

    Raises:
        ValueError: A name says nothing, or nothing is prepared of it.
    """
    from lovt_bench.tasks.profile import input_side, load_profile
    from lovt_bench.tasks.protocol import load_protocol

    # Names first, then data, then what imports torch, which takes seconds.
    root, limits, rules = asked.workspace, load_profile(asked.profile), load_protocol(asked.protocol)
    for name in filter(None, (asked.backbone, against)):
        check_name(name, root)
    images = _images(asked, rules)
    from lovt_bench.benchmark.analysis.embeddings import level_of
    from lovt_bench.benchmark.analysis.question import Question, analysis_file_of
    from lovt_bench.benchmark.backbone.sources import resolve
    from lovt_bench.benchmark.contract.embedding_report import AnalysisSettings
    from lovt_bench.benchmark.engine.device.choice import choose_device

    source, other = resolve(asked.backbone, root), None if against is None else resolve(against, root)
    for each in filter(None, (source, other)):
        level_of(each, asked.level)
    file, place = analysis_file_of(source), choose_device(asked.device)

    def question(opened: Callable[[], Images]) -> Question:
        kind, identity, store, studies = opened()
        return Question(
            source=source,
            other=other,
            kind=kind,
            dataset_sha256=identity,
            store=store,
            most_images=limits.max_test_images,
            level=asked.level,
            seed=rules.runs.final_seeds[0] if asked.seed is None else asked.seed,
            side=input_side(limits, rules, "linear"),
            half=rules.optimisation.frozen_feature_precision == "float16",
            protocol=rules.name,
            declared=rules.data.normalisation == "declared",
            device=place,
            workspace=root,
            studies=studies,
            file=file,
            settings=settings or AnalysisSettings(),
        )

    return {name: partial(question, opened) for name, opened in images.items()}


def _images(asked: Asked, protocol: Protocol) -> dict[str, Callable[[], Images]]:
    """Return what opens the stores of the names, or of all that are prepared where none is given."""
    from lovt_bench.benchmark.contract.manifest_files import corpus_names
    from lovt_bench.benchmark.data.folders import dataset_of, store_folders
    from lovt_bench.benchmark.data.open_store import find_store
    from lovt_bench.benchmark.runtime.request import corpus_folder

    root, datasets, corpora = asked.workspace, asked.datasets, asked.corpora
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
        raise NothingPreparedError(
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
    from lovt_bench.benchmark.data.preparers import prepare_command

    return (
        f"no dataset {name!r} is prepared by protocol {protocol} in {data}{meant(name, prepared)}; there: "
        f"{', '.join(prepared) or 'none'}. Prepare it with: {prepare_command(name)}"
    )
