"""A prepared corpus as training reads it: tables in memory, pixels in a memory map, nothing decoded.

Written by `lovt-bench corpus prepare`; the files are described in docs/data.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lovt_bench.benchmark.contract.corpus import MASKS, CorpusManifest
from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.manifest_files import MAKE_CORPUS, read_corpus_manifest
from lovt_bench.benchmark.contract.model_file import ModelFileError
from lovt_bench.submissions.common.errors import PretrainingError

Normalisation = Literal["half", "corpus"]
"""`half`: mean and standard deviation 0.5; `corpus`: those of the training split."""
PIXELS, IMAGES, STUDIES = "pixels.npy", "images.parquet", "studies.parquet"


class Corpus:
    """One corpus, its training split cut to a fraction.

    Attributes:
        root: The folder.
        manifest: Its `corpus.json`.
        fraction: Share of the training split that is used: the first rows in stored order, counted in studies by
            `studies` and in images by `images` (datasets.md section 7.8). Validation and test are complete.

    Raises:
        PretrainingError: No corpus there, or its files disagree.
    """

    def __init__(self, root: Path, fraction: float = 1.0) -> None:
        self.root = root
        self.fraction = fraction
        self.manifest = _read_manifest(root)
        images = _read_table(root / IMAGES, ["study", "split", "offset", "height", "width"])
        studies = _read_table(root / STUDIES, ["split", "first_image", "image_count", "sentences", "labels"])
        self._study_of = images["study"].to_numpy()
        self._image_split = images["split"].to_numpy(zero_copy_only=False)
        self._offsets = images["offset"].to_numpy()
        self._shapes = np.stack([images["height"].to_numpy(), images["width"].to_numpy()], axis=1).astype(
            np.int64
        )
        self._study_split = studies["split"].to_numpy(zero_copy_only=False)
        self._first_image = studies["first_image"].to_numpy()
        self._image_count = studies["image_count"].to_numpy()
        self._sentences = studies["sentences"]
        self._labels = _label_array(studies["labels"], len(self.manifest.label_names))
        self._pixels: np.ndarray | None = None
        self._masks: np.ndarray | None = None
        ends = self._offsets + self._shapes.prod(axis=1)
        if len(ends) and (int(ends.max()) > len(self.pixels) or int(self._offsets.min()) < 0):
            raise PretrainingError(
                f"{root}: {IMAGES} points beyond the end of {PIXELS} ({len(self.pixels)} bytes); prepare it again"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Loader workers open the memory map themselves."""
        return {**self.__dict__, "_pixels": None, "_masks": None}

    @property
    def pixels(self) -> np.ndarray:
        """All images one after the other, 1-D uint8, memory-mapped read-only."""
        if self._pixels is None:
            try:
                self._pixels = np.load(self.root / PIXELS, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError) as error:
                raise PretrainingError(f"{self.root / PIXELS} cannot be read: {error}") from error
            if self._pixels.ndim != 1 or self._pixels.dtype != np.uint8:
                raise PretrainingError(f"{self.root / PIXELS}: expected one dimension of uint8")
        return self._pixels

    @property
    def pixel_mean(self) -> float:
        """Mean of the whole training split's pixels in [0, 1], whatever the fraction."""
        return self.manifest.pixel_statistics.mean

    @property
    def pixel_std(self) -> float:
        """Standard deviation of the whole training split's pixels in [0, 1]."""
        return self.manifest.pixel_statistics.std

    def normalised_by(self, normalisation: Normalisation) -> tuple[float, float]:
        """Return the mean and the standard deviation, for pixels in [0, 1], that a normalisation takes out."""
        return (0.5, 0.5) if normalisation == "half" else (self.pixel_mean, self.pixel_std)

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(self.manifest.label_names)

    @property
    def has_reports(self) -> bool:
        return self.manifest.has_reports

    def studies(self, split: SplitName) -> np.ndarray:
        """Return (n,) int64, the studies of a split in stored order."""
        return self._cut(np.flatnonzero(self._study_split == split), split)

    def images(self, split: SplitName) -> np.ndarray:
        """Return (n,) int64, the images of a split in stored order."""
        return self._cut(np.flatnonzero(self._image_split == split), split)

    def _cut(self, rows: np.ndarray, split: SplitName) -> np.ndarray:
        return rows[: round(self.fraction * len(rows))] if split == "train" else rows

    def image(self, row: int) -> np.ndarray:
        """Return (H, W) uint8 grey, a read-only view into the memory map."""
        height, width = (int(value) for value in self._shapes[row])
        start = int(self._offsets[row])
        return self.pixels[start : start + height * width].reshape(height, width)

    def study_of(self, image: int) -> int:
        return int(self._study_of[image])

    def images_of(self, study: int) -> range:
        """Return the images of a study."""
        first = int(self._first_image[study])
        return range(first, first + int(self._image_count[study]))

    def sentences(self, study: int) -> tuple[str, ...]:
        """Return the sentences of a study's report in order; () where the corpus has none."""
        return tuple(self._sentences[study].as_py() or ())

    def labels(self, study: int) -> np.ndarray:
        """Return (L,) float32 of 0 and 1 in the order of `label_names`."""
        return self._labels[study]

    def masks(self, image: int) -> np.ndarray | None:
        """Return (2, L, h, w) bool, masks and filled boxes of each label; None where the corpus has none."""
        if not self.manifest.has_masks:
            return None
        if self._masks is None:
            self._masks = _read_masks(self.root / MASKS, (len(self._study_of), 2, len(self.label_names)))
        return np.unpackbits(self._masks[image], axis=-1).astype(bool)

    def training_sentences(self) -> Iterator[str]:
        """Yield all sentences of the training studies in use."""
        for study in self.studies("train"):
            yield from self.sentences(int(study))


def _read_manifest(root: Path) -> CorpusManifest:
    try:
        return read_corpus_manifest(root)
    except ModelFileError as error:
        raise PretrainingError(str(error)) from error


def _read_table(path: Path, columns: list[str]) -> dict[str, pa.Array]:
    try:
        table = pq.read_table(path, columns=columns)
    except (OSError, pa.ArrowException, KeyError) as error:
        raise PretrainingError(
            f"{path} cannot be read: {error}; make the corpus again: {MAKE_CORPUS}"
        ) from error
    if missing := set(columns) - set(table.column_names):
        lacking = ", ".join(sorted(missing))
        raise PretrainingError(f"{path} lacks the columns {lacking}; make the corpus again: {MAKE_CORPUS}")
    return {name: table[name].combine_chunks() for name in columns}


def _read_masks(path: Path, expected: tuple[int, int, int]) -> np.ndarray:
    try:
        masks: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise PretrainingError(f"{path} cannot be read: {error}") from error
    if masks.dtype != np.uint8 or masks.ndim != 5 or masks.shape[:3] != expected:
        raise PretrainingError(
            f"{path}: expected uint8 {expected} and two more dimensions, found {masks.dtype} {masks.shape}"
        )
    return masks


def _label_array(column: pa.Array, count: int) -> np.ndarray:
    if count == 0:
        return np.zeros((len(column), 0), np.float32)
    flat = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    if flat.size != len(column) * count:
        raise PretrainingError(
            f"expected {count} labels a study, found {flat.size} for {len(column)} studies"
        )
    return flat.reshape(len(column), count)
