"""A corpus of a few studies of another one: the same files, small enough for a rehearsal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lovt_bench.benchmark.contract.corpus import MASKS, CorpusManifest, CorpusSplit
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.benchmark.data.corpus import format as fmt
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.npy import npy_header
from lovt_bench.benchmark.disk.digest import DigestedFile

NOTE = "an excerpt for a rehearsal; pixel statistics are those of the whole corpus"


def write_excerpt(source: Path, target: Path, counts: dict[SplitName, int]) -> CorpusManifest:
    """Write the first studies of each split of a corpus into an empty folder, and return the manifest.

    For each label a positive and a negative study are among them where the split has both.

    Args:
        source: A prepared corpus; only the pixels that are taken are read.
        target: Becomes a corpus by all rules but one: its pixel statistics are those of the source.
        counts: Studies of each split; a few more may come for the labels.

    Raises:
        DataError: The source is no corpus, or its files disagree.
        OSError: With the path of what cannot be read or written.
    """
    manifest = fmt.read_manifest(source)
    try:
        studies = pq.read_table(source / fmt.STUDIES, schema=fmt.STUDY_SCHEMA)
        images = pq.read_table(source / fmt.IMAGES, schema=fmt.IMAGE_SCHEMA)
        pixels = np.load(source / fmt.PIXELS, mmap_mode="r", allow_pickle=False)
        rows = _chosen(studies, counts)
        studies, images, places, taken = _renumbered(studies.take(rows), images)
        files = {
            fmt.PIXELS: _write_pixels(target / fmt.PIXELS, pixels, places),
            fmt.IMAGES: _write_table(target / fmt.IMAGES, images),
            fmt.STUDIES: _write_table(target / fmt.STUDIES, studies),
        }
        if manifest.has_masks:
            masks = np.load(source / MASKS, mmap_mode="r", allow_pickle=False)[taken]
            with DigestedFile(target / MASKS) as file:
                file.write(npy_header(masks.shape))
                file.write(masks.tobytes())
            files[MASKS] = file.sha256
    except (ValueError, IndexError, pa.ArrowException) as error:
        raise DataError(
            f"corpus {source} cannot be read: {error}. `lovt-bench corpus verify` says all that is wrong"
        ) from error
    excerpt = manifest.model_copy(
        update={
            "splits": _splits(studies, images, len(manifest.label_names)),
            "left_out": {},
            "image_counts": None,
            "notes": [NOTE],
            "files": files,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    )
    (target / fmt.MANIFEST).write_text(excerpt.to_json(), encoding="utf-8")
    return excerpt


def _chosen(studies: pa.Table, counts: dict[SplitName, int]) -> list[int]:
    """Return the rows of the studies that are taken, ascending."""
    split = studies["split"].to_numpy()
    labels = studies["labels"].combine_chunks()
    width = len(labels.flatten()) // max(len(labels), 1)
    positive = labels.flatten().to_numpy().reshape(len(labels), width) == 1
    chosen: list[int] = []
    for name in SPLIT_NAMES:
        rows = np.flatnonzero(split == name)
        taken = set(rows[: counts.get(name, 0)].tolist())
        if taken:
            for label in range(width):
                for value in (False, True):
                    there = rows[positive[rows, label] == value]
                    if len(there) and not taken & set(there.tolist()):
                        taken.add(int(there[0]))
        chosen += sorted(taken)
    return chosen


def _renumbered(
    studies: pa.Table, images: pa.Table
) -> tuple[pa.Table, pa.Table, list[tuple[int, int]], np.ndarray]:
    """Return studies and images with new places, where in the old file each image's pixels lie, and its old row."""
    counts = studies["image_count"].to_numpy().astype(np.int64)
    firsts = studies["first_image"].to_numpy()
    rows = np.concatenate(
        [np.arange(f, f + n) for f, n in zip(firsts, counts, strict=True)] or [np.zeros(0, int)]
    )
    rows = rows.astype(np.int64)
    images = images.take(rows)
    sizes = images["height"].to_numpy().astype(np.int64) * images["width"].to_numpy()
    places = list(zip(images["offset"].to_numpy().tolist(), sizes.tolist(), strict=True))
    images = _with(images, "offset", np.cumsum(sizes) - sizes)
    images = _with(images, "study", np.repeat(np.arange(len(studies)), counts))
    return _with(studies, "first_image", np.cumsum(counts) - counts), images, places, rows


def _with(table: pa.Table, name: str, values: np.ndarray) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(name), pa.array(values, pa.int64()))


def _write_pixels(path: Path, pixels: np.ndarray, places: Sequence[tuple[int, int]]) -> str:
    if pixels.dtype != np.uint8 or pixels.ndim != 1:
        raise ValueError(f"{fmt.PIXELS}: one row of uint8 expected, found {pixels.dtype} {pixels.shape}")
    file = DigestedFile(path)
    file.write(npy_header([sum(size for _, size in places)]))
    for offset, size in places:
        if offset < 0 or offset + size > len(pixels):
            raise ValueError(f"{fmt.IMAGES} points beyond the end of {fmt.PIXELS}")
        file.write(pixels[offset : offset + size].tobytes())
    file.close()
    return file.sha256


def _write_table(path: Path, table: pa.Table) -> str:
    file = DigestedFile(path)
    pq.write_table(table, file, compression="zstd")
    file.close()
    return file.sha256


def _splits(studies: pa.Table, images: pa.Table, labels: int) -> dict[SplitName, CorpusSplit]:
    found: dict[SplitName, CorpusSplit] = {}
    for name in SPLIT_NAMES:
        rows = studies.filter(pc.equal(studies["split"], name))
        found[name] = CorpusSplit(
            studies=len(rows),
            images=pc.sum(pc.equal(images["split"], name)).as_py() or 0,
            sentences=pc.sum(pc.list_value_length(rows["sentences"])).as_py() or 0,
            positives=[
                sum(values[label] == 1 for values in rows["labels"].to_pylist()) for label in range(labels)
            ],
        )
    return found
