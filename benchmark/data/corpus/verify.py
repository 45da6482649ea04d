"""Check a corpus from the outside: digests, offsets, counts. Returns what is wrong and prints nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from lovt_bench.benchmark.contract.corpus import MASKS, CorpusManifest
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES
from lovt_bench.benchmark.data.corpus import format as fmt
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.disk.intact import damage


def verify_corpus(root: Path) -> list[str]:
    """Return the problems of the corpus at `root`; none if it is as its manifest says."""
    try:
        manifest = fmt.read_manifest(root)
    except DataError as error:
        return [str(error)]
    if wrong := {fmt.PIXELS, fmt.IMAGES, fmt.STUDIES} ^ (manifest.files.keys() - {MASKS}):
        return [f"{fmt.MANIFEST}: names other files than a corpus has: {', '.join(sorted(wrong))}"]
    if damaged := damage(root, manifest.files, trust=False):
        return [f"{name}: {problem}" for name, problem in damaged.items()]
    try:
        images = pd.read_parquet(root / fmt.IMAGES)
        studies = pd.read_parquet(root / fmt.STUDIES)
        pixels = np.load(root / fmt.PIXELS, mmap_mode="r", allow_pickle=False)
        masks = np.load(root / MASKS, mmap_mode="r", allow_pickle=False) if manifest.has_masks else None
    except (OSError, ValueError, pa.ArrowException) as error:
        return [f"corpus cannot be opened: {error}"]
    columns = [
        f"{name}: columns {', '.join(missing)} are missing"
        for name, table, schema in (
            (fmt.IMAGES, images, fmt.IMAGE_SCHEMA),
            (fmt.STUDIES, studies, fmt.STUDY_SCHEMA),
        )
        if (missing := [column for column in schema.names if column not in table])
    ]
    if columns:
        return columns
    found = [
        *_pixels(pixels, images, manifest),
        *_order(images, studies),
        *_counts(images, studies, manifest),
    ]
    return found if masks is None else [*found, *_masks(masks, images, manifest)]


def _masks(masks: np.ndarray, images: pd.DataFrame, manifest: CorpusManifest) -> Iterator[str]:
    expected = (len(images), 2, len(manifest.label_names))
    if masks.dtype != np.uint8 or masks.ndim != 5 or masks.shape[:3] != expected:
        yield f"{MASKS}: uint8 {expected} and two more dimensions expected, found {masks.dtype} {masks.shape}"


def _pixels(pixels: np.ndarray, images: pd.DataFrame, manifest: CorpusManifest) -> Iterator[str]:
    if pixels.dtype != np.uint8 or pixels.ndim != 1:
        yield f"{fmt.PIXELS}: one row of uint8 expected, found {pixels.dtype} {pixels.shape}"
        return
    sizes = images["height"].to_numpy(np.int64) * images["width"].to_numpy(np.int64)
    ends = np.cumsum(sizes)
    if (images["offset"].to_numpy() != ends - sizes).any():
        yield f"{fmt.IMAGES}: `offset` must ascend without gaps"
    if (ends[-1] if len(ends) else 0) != len(pixels):
        yield f"{fmt.PIXELS}: {len(pixels)} pixels, the images have {ends[-1] if len(ends) else 0}"
    shorter = images[["height", "width"]].min(axis=1)
    if ((shorter < 1) | (shorter > manifest.side)).any():
        yield f"{fmt.IMAGES}: the shorter side must be 1 to {manifest.side} pixels"


def _order(images: pd.DataFrame, studies: pd.DataFrame) -> Iterator[str]:
    for name, table in ((fmt.IMAGES, images), (fmt.STUDIES, studies)):
        places = table["split"].map({split: place for place, split in enumerate(SPLIT_NAMES)})
        if places.isna().any() or not places.is_monotonic_increasing:
            yield f"{name}: rows must be train, then validation, then test"
    for key, table in (("id", images), ("id", studies)):
        for value in table[key][table[key].duplicated()].head(3):
            yield f"ID {value} is there twice"
    counts = studies["image_count"].to_numpy(np.int64)
    rows = np.repeat(np.arange(len(studies)), counts)
    if (counts < 1).any() or not np.array_equal(rows, images["study"].to_numpy()):
        yield f"{fmt.IMAGES}: `study` must count up as `image_count` of {fmt.STUDIES} says"
    if not np.array_equal(np.cumsum(counts) - counts, studies["first_image"].to_numpy()):
        yield f"{fmt.STUDIES}: `first_image` must be the number of images before"
    shared = studies.groupby("patient")["split"].nunique()
    for patient in shared.index[shared > 1][:3]:
        yield f"patient {patient} is in more than one split"


def _counts(images: pd.DataFrame, studies: pd.DataFrame, manifest: CorpusManifest) -> Iterator[str]:
    sentences = studies["sentences"].map(len)
    if not np.array_equal(sentences, studies["findings_sentences"] + studies["impression_sentences"]):
        yield f"{fmt.STUDIES}: `sentences` must be findings, then impression"
    if manifest.has_reports and (sentences == 0).any():
        yield f"{fmt.STUDIES}: a study without a sentence"
    labels = studies["labels"].map(len)
    if (labels != len(manifest.label_names)).any():
        yield f"{fmt.STUDIES}: {len(manifest.label_names)} labels expected in each row"
        return
    for split, said in manifest.splits.items():
        chosen = studies["split"] == split
        values = np.array(studies["labels"][chosen].tolist()).reshape(
            int(chosen.sum()), len(manifest.label_names)
        )
        found = (int(chosen.sum()), int((images["split"] == split).sum()), int(sentences[chosen].sum()))
        positives = values.sum(axis=0).astype(int).tolist()
        if found != (said.studies, said.images, said.sentences) or positives != said.positives:
            yield f"{fmt.MANIFEST}: {split} says {said}, the files hold {found}, positives {positives}"
