"""Write the files of a corpus study by study; memory does not grow with the images but for a few numbers each."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmark.contract.corpus import CorpusSplit
from benchmark.contract.dataset import SPLIT_NAMES, PixelStatistics, SplitName
from benchmark.data.corpus import format as fmt
from benchmark.data.corpus.process import Done
from benchmark.data.errors import DataError
from benchmark.data.statistics import split_statistics

BATCH = 2048
"""Rows that a table holds back before it writes them."""


class TableWriter:
    """A Parquet file that is written row by row."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer, self._schema = pq.ParquetWriter(path, schema, compression="zstd"), schema
        self._rows: list[dict[str, Any]] = []
        self.count = 0

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        self.count += 1
        if len(self._rows) == BATCH:
            self._write()

    def close(self) -> None:
        self._write()
        self._writer.close()

    def _write(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()


class CorpusWriter:
    """Writes `pixels.npy`, `images.parquet` and `studies.parquet` into a folder; studies come in stored order."""

    def __init__(self, folder: Path, labels: int) -> None:
        self._labels = labels
        self._pixels: BinaryIO = (folder / fmt.PIXELS).open("wb")
        self._size = 0
        self._header()
        self._images = TableWriter(folder / fmt.IMAGES, fmt.IMAGE_SCHEMA)
        self._studies = TableWriter(folder / fmt.STUDIES, fmt.STUDY_SCHEMA)
        self._moments: list[tuple[float, float]] = []
        self._counts: dict[SplitName, Counter[str]] = {split: Counter() for split in SPLIT_NAMES}
        self._positives = {split: np.zeros(labels, dtype=np.int64) for split in SPLIT_NAMES}

    def __enter__(self) -> CorpusWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._images.close()
        self._studies.close()
        if kind is None:
            self._pixels.seek(0)
            self._header()
        self._pixels.close()

    def add(self, done: Done) -> None:
        """Write one study that has at least one image.

        Raises:
            DataError: The disk is full.
        """
        study, report = done.study, done.report
        means = np.array([image.mean for _, image in done.images])
        variances = np.array([image.variance for _, image in done.images])
        mean, variance = float(means.mean()), float(variances.mean() + means.var())
        sentences = [*report.findings, *report.impression]
        self._studies.add(
            {
                "id": study.id,
                "patient": study.patient,
                "split": study.split,
                "date": study.date,
                "first_image": self._images.count,
                "image_count": len(done.images),
                "sentences": sentences,
                "findings_sentences": len(report.findings),
                "impression_sentences": len(report.impression),
                "findings_tokens": report.findings_tokens,
                "impression_tokens": report.impression_tokens,
                "labels": list(study.labels),
                "raw_labels": list(study.raw_labels),
                "pixel_mean": mean,
                "pixel_variance": variance,
            }
        )
        for listed, image in done.images:
            height, width = image.pixels.shape
            self._images.add(
                {
                    "id": listed.id,
                    "study": self._studies.count - 1,
                    "split": study.split,
                    "offset": self._size,
                    "height": height,
                    "width": width,
                    "source": listed.source,
                    "source_height": image.source_height,
                    "source_width": image.source_width,
                    "view": listed.view,
                    "pixel_mean": image.mean,
                    "pixel_variance": image.variance,
                }
            )
            self._write(image.pixels)
        if study.split == "train":
            self._moments.append((mean, variance))
        self._counts[study.split].update(studies=1, images=len(done.images), sentences=len(sentences))
        self._positives[study.split] += np.array(study.labels, dtype=np.float64) == 1

    def splits(self) -> dict[SplitName, CorpusSplit]:
        """Return what was written so far."""
        return {
            split: CorpusSplit(
                studies=counts["studies"],
                images=counts["images"],
                sentences=counts["sentences"],
                positives=self._positives[split].tolist(),
            )
            for split, counts in self._counts.items()
        }

    def statistics(self) -> PixelStatistics:
        """Return the pixel statistics of the training studies; every study weighs the same.

        Raises:
            ValueError: There is no training study, or all pixels are one flat grey.
        """
        moments = np.array(self._moments).reshape(-1, 2)
        return split_statistics(moments[:, 0], moments[:, 1])

    def _write(self, pixels: np.ndarray) -> None:
        try:
            self._pixels.write(np.ascontiguousarray(pixels).data)
        except OSError as error:
            raise DataError(
                f"{fmt.PIXELS} cannot be written after {self._size / 1e9:.1f} GB: {error.strerror}; "
                "docs/corpus.md says how much a corpus takes, a smaller --side takes less"
            ) from error
        self._size += pixels.size

    def _header(self) -> None:
        """Write the NumPy header; it leaves room for any length, so a second one fits in the same place."""
        shape = {"descr": "|u1", "fortran_order": False, "shape": (self._size,)}
        np.lib.format.write_array_header_1_0(self._pixels, shape)
