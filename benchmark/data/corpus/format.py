"""Names, columns and types of a corpus's files (docs/data.md). Nothing in them is pickled."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from lovt_bench.benchmark.contract.corpus import CorpusManifest
from lovt_bench.benchmark.contract.manifest_files import CORPUS, read_corpus_manifest
from lovt_bench.benchmark.contract.model_file import ModelFileError
from lovt_bench.benchmark.data.errors import DataError

PIXELS, IMAGES, STUDIES, MANIFEST = "pixels.npy", "images.parquet", "studies.parquet", CORPUS

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


def read_manifest(root: Path) -> CorpusManifest:
    """Read `corpus.json`.

    Raises:
        DataError: There is no corpus at `root`, or its manifest is damaged; the message says how to make one.
    """
    try:
        return read_corpus_manifest(root)
    except ModelFileError as error:
        raise DataError(str(error)) from error
