"""From the journal to the two tables of a corpus, its counts and its pixel statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lovt_bench.benchmark.contract.corpus import CorpusSplit
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.benchmark.data.corpus import format as fmt
from lovt_bench.benchmark.data.corpus.listing import ListedStudy
from lovt_bench.benchmark.data.corpus.process import PER_IMAGE
from lovt_bench.benchmark.data.corpus.work import Entry
from lovt_bench.benchmark.disk.digest import DigestedFile
from lovt_bench.benchmark.disk.words import naming

BATCH = 2048
"""Rows that a table holds back before it writes them."""


@dataclass
class Totals:
    """What the tables hold.

    Attributes:
        images_left_out: Reason and number of the listed images that the tables do not hold.
        means: Pixel mean of each training study.
        variances: Pixel variance, likewise.
        files: SHA-256 of the tables by name.
    """

    splits: dict[SplitName, CorpusSplit] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    images_left_out: Counter[str] = field(default_factory=Counter)
    truncated: int = 0
    means: list[float] = field(default_factory=list)
    variances: list[float] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


class TableWriter:
    """A Parquet file that is written row by row."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._schema, self._file = path, schema, DigestedFile(path)
        self._writer = pq.ParquetWriter(self._file, schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self.count = 0

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        self.count += 1
        if len(self._rows) == BATCH:
            self._write()

    def close(self) -> str:
        """Complete the file and return its SHA-256."""
        self._write()
        with naming(self._path):
            self._writer.close()
        self._file.close()
        return self._file.sha256

    def _write(self) -> None:
        with naming(self._path):
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()


def write_tables(folder: Path, studies: Iterable[tuple[ListedStudy, Entry]], labels: int) -> Totals:
    """Write `images.parquet` and `studies.parquet` of the studies that have an image, and add up what they hold."""
    image_table = TableWriter(folder / fmt.IMAGES, fmt.IMAGE_SCHEMA)
    study_table = TableWriter(folder / fmt.STUDIES, fmt.STUDY_SCHEMA)
    totals, offset = Totals(), 0
    counts: dict[SplitName, Counter[str]] = {split: Counter() for split in SPLIT_NAMES}
    positives = {split: np.zeros(labels, dtype=np.int64) for split in SPLIT_NAMES}
    for study, entry in studies:
        totals.left_out.update(entry.left_out)
        totals.images_left_out.update(_images_left_out(study, entry))
        totals.truncated += sum(image.truncated for image in entry.images)
        if not entry.images:
            continue
        row = _study_row(study, entry, image_table.count)
        for image in _image_rows(study, entry, study_table.count, offset):
            image_table.add(image)
        study_table.add(row)
        offset += entry.size()
        if study.split == "train":
            totals.means.append(row["pixel_mean"])
            totals.variances.append(row["pixel_variance"])
        counts[study.split].update(studies=1, images=len(entry.images), sentences=len(row["sentences"]))
        positives[study.split] += np.array(study.labels, dtype=np.float64) == 1
    totals.files = {fmt.IMAGES: image_table.close(), fmt.STUDIES: study_table.close()}
    for split in SPLIT_NAMES:
        totals.splits[split] = CorpusSplit(
            studies=counts[split]["studies"],
            images=counts[split]["images"],
            sentences=counts[split]["sentences"],
            positives=positives[split].tolist(),
        )
    return totals


def _images_left_out(study: ListedStudy, entry: Entry) -> Counter[str]:
    """Return why images of a study are not stored; those without a reason of their own share the study's."""
    reasons = [reason for reason in entry.left_out if reason.startswith(PER_IMAGE)]
    rest = len(study.images) - len(entry.images) - len(reasons)
    return Counter([*reasons, *entry.left_out[-1:] * rest])


def _study_row(study: ListedStudy, entry: Entry, first_image: int) -> dict[str, Any]:
    report = entry.report
    means = np.array([image.mean for image in entry.images])
    variances = np.array([image.variance for image in entry.images])
    return {
        "id": study.id,
        "patient": study.patient,
        "split": study.split,
        "date": study.date,
        "first_image": first_image,
        "image_count": len(entry.images),
        "sentences": [*report.findings, *report.impression],
        "findings_sentences": len(report.findings),
        "impression_sentences": len(report.impression),
        "findings_tokens": report.findings_tokens,
        "impression_tokens": report.impression_tokens,
        "labels": list(study.labels),
        "raw_labels": list(study.raw_labels),
        "pixel_mean": float(means.mean()),
        "pixel_variance": float(variances.mean() + means.var()),
    }


def _image_rows(study: ListedStudy, entry: Entry, row: int, offset: int) -> Iterable[dict[str, Any]]:
    for image in entry.images:
        listed = study.images[image.place]
        yield {
            "id": listed.id,
            "study": row,
            "split": study.split,
            "offset": offset,
            "height": image.height,
            "width": image.width,
            "source": listed.source,
            "source_height": image.source_height,
            "source_width": image.source_width,
            "view": listed.view,
            "pixel_mean": image.mean,
            "pixel_variance": image.variance,
        }
        offset += image.height * image.width
