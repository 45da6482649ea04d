"""Names, columns and types of a corpus's files (docs/corpus.md). Nothing in them is pickled."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pydantic import ValidationError

from lovt_bench.benchmark.contract.base import wrong_fields
from lovt_bench.benchmark.contract.corpus import CorpusManifest
from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.benchmark.data.errors import DataError

PIXELS, IMAGES, STUDIES, MANIFEST = "pixels.npy", "images.parquet", "studies.parquet", "corpus.json"

IMAGE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("study", pa.int64()),
        ("split", pa.string()),
        ("offset", pa.int64()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("source", pa.string()),
        ("source_height", pa.int32()),
        ("source_width", pa.int32()),
        ("view", pa.string()),
        ("pixel_mean", pa.float64()),
        ("pixel_variance", pa.float64()),
    ]
)

STUDY_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("patient", pa.string()),
        ("split", pa.string()),
        ("date", pa.string()),
        ("first_image", pa.int64()),
        ("image_count", pa.int32()),
        ("sentences", pa.list_(pa.string())),
        ("findings_sentences", pa.int32()),
        ("impression_sentences", pa.int32()),
        ("findings_tokens", pa.int32()),
        ("impression_tokens", pa.int32()),
        ("labels", pa.list_(pa.float32())),
        ("raw_labels", pa.list_(pa.float32())),
        ("pixel_mean", pa.float64()),
        ("pixel_variance", pa.float64()),
    ]
)


def corpus_names(folder: Path) -> list[str]:
    """Return the names of the corpora in a folder, sorted; hidden folders are work in progress."""
    found = folder.glob(f"*/{MANIFEST}")
    return sorted(path.parent.name for path in found if not path.parent.name.startswith("."))


def read_manifest(root: Path) -> CorpusManifest:
    """Read `corpus.json`.

    Raises:
        DataError: There is no corpus at `root`, or its manifest is damaged; the message says how to make one.
    """
    path = root / MANIFEST
    again = "lovt-bench corpus prepare mimic-cxr --raw DIR (or `prepare pairs`, see docs/corpus.md)"
    if not path.is_file():
        known = corpus_names(root.parent)
        raise DataError(
            f"no corpus at {root}: expected {path.name} there{meant(root.name, known)}. "
            f"Corpora beside it: {', '.join(known) or 'none'}. Make one with: {again}"
        )
    try:
        return CorpusManifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise DataError(
            f"{path}: not a corpus manifest ({wrong_fields(error, CorpusManifest)}); make it again: {again}"
        ) from error
