"""The one reader of `corpus.json` and the one of `dataset.json`: a plain file, bounded, valid; else what to do."""

from __future__ import annotations

from pathlib import Path

from lovt_bench.benchmark.contract.corpus import CorpusManifest
from lovt_bench.benchmark.contract.dataset import DatasetManifest
from lovt_bench.benchmark.contract.model_file import ModelFileError, read_model
from lovt_bench.benchmark.contract.plain_file import holders
from lovt_bench.benchmark.contract.unknown import meant

CORPUS, DATASET = "corpus.json", "dataset.json"

DATASET_LIMIT = 64 << 20
"""Bytes of a `dataset.json`: it lists each image that `--skip-bad` left out, so that it may be longer than a page."""

MAKE_CORPUS = "lovt-bench corpus prepare mimic-cxr --raw DIR (or `prepare pairs`, see docs/data.md)"
"""What makes one, for messages."""


def corpus_names(folder: Path) -> list[str]:
    """Return the names of the corpora in a folder, sorted; hidden folders are work in progress."""
    return holders(folder, CORPUS)


def read_corpus_manifest(root: Path) -> CorpusManifest:
    """Return what the `corpus.json` of a corpus says.

    Raises:
        ModelFileError: There is no corpus at `root`, or its manifest is not what the contract says; the message says
            how to make one.
    """
    try:
        return read_model(root / CORPUS, CorpusManifest, follow=True)
    except (FileNotFoundError, NotADirectoryError) as error:
        known = corpus_names(root.parent)
        raise ModelFileError(
            f"no corpus at {root}: expected {CORPUS} there{meant(root.name, known)}. "
            f"Corpora beside it: {', '.join(known) or 'none'}. Make one with: {MAKE_CORPUS}"
        ) from error
    except ModelFileError as error:
        raise ModelFileError(f"{error}; make the corpus again: {MAKE_CORPUS}") from error


def read_dataset_manifest(root: Path, shown: str | None = None) -> DatasetManifest:
    """Return what the `dataset.json` of an image store says.

    Args:
        root: The store.
        shown: What messages call the file; None: its path.

    Raises:
        FileNotFoundError, NotADirectoryError: There is none.
        ModelFileError: It is no plain file, too large, or is not what the contract says.
    """
    return read_model(root / DATASET, DatasetManifest, shown=shown, limit=DATASET_LIMIT, follow=True)
