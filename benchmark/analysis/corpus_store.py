"""One split of a corpus as an image store: of each study the first image, padded and resized as in datasets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lovt_bench.benchmark.contract.dataset import DatasetManifest, SplitName
from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.corpus import format as fmt
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.images import MAX_PIXELS
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.data.transforms import Frame, fit_image
from lovt_bench.benchmark.disk.digest import write_all
from lovt_bench.benchmark.disk.intact import damage, listed

LARGEST_SQUARE = MAX_PIXELS
"""Pixels of an image that was padded: of a thin one they are the square of its length."""

_COLUMNS = ["split", "offset", "height", "width"]


def corpus_store(root: Path, split: SplitName, protocol: DataProtocol, scratch: Path) -> ImageStore:
    """Return the images of a split, without targets.

    Args:
        root: Folder of the corpus.
        split: Of it.
        protocol: How images become squares.
        scratch: Where the squares lie: in a file without a name, which ends with them.

    Raises:
        DataError: There is no corpus, it is not what it was when it was made, or the split is empty.
    """
    manifest = fmt.read_manifest(root)
    problems = damage(root, manifest.files)
    if wrong := {fmt.PIXELS, fmt.IMAGES, fmt.STUDIES} - manifest.files.keys():
        problems = dict.fromkeys(sorted(wrong), f"is not in {fmt.MANIFEST}")
    if problems:
        raise DataError(
            f"corpus {root} changed since it was made: {listed(problems)}. `lovt-bench corpus verify "
            f"{root.name}` says all that is wrong; prepare it again"
        )
    try:
        studies = pq.read_table(root / fmt.STUDIES, columns=["id", "split", "first_image"]).to_pandas()
        images = pq.read_table(root / fmt.IMAGES, columns=_COLUMNS).to_pandas()
        pixels = np.load(root / fmt.PIXELS, mmap_mode="r", allow_pickle=False)
        chosen = studies[studies["split"] == split]
        places = chosen["first_image"].to_numpy()
        if (places < 0).any():
            raise ValueError(f"{fmt.STUDIES} names an image before the first")
        first = images.iloc[places]
    except (OSError, ValueError, KeyError, IndexError, pa.ArrowException) as error:
        raise DataError(f"corpus {root} cannot be read: {str(error)[:200]}; prepare it again") from error
    if not len(chosen):
        raise DataError(f"the {split} split of corpus {manifest.name} is empty: there is nothing to analyse")
    store = DatasetManifest(
        name=manifest.name,
        track=manifest.track,
        splits="given",
        classes=[],
        has_masks=False,
        has_boxes=False,
        pixel_statistics=manifest.pixel_statistics,
        split_summaries={},
        files={"corpus": manifest.identity()},
        protocol=f"corpus, {split}, first image of each study",
        data_protocol_sha256=protocol.digest(),
        image_side=protocol.image_side,
        created=manifest.created,
    )
    return ImageStore(
        root,
        store,
        pd.DataFrame({"id": chosen["id"].astype(str).to_numpy(), "split": split}),
        _Squares(root, pixels, first, protocol, scratch),  # type: ignore[arg-type]
        None,
        None,
    )


@dataclass(frozen=True)
class CorpusStudies:
    """What a corpus says of the studies of a split beside images, in the order of `corpus_store`."""

    reports: tuple[tuple[str, ...], ...]
    """Sentences of each; empty where the corpus has no reports."""
    labels: np.ndarray
    """(n, L) float32 of 0 and 1."""
    label_names: tuple[str, ...]


def corpus_studies(root: Path, split: SplitName) -> CorpusStudies:
    """Return reports and labels of a split.

    Args:
        root: Folder of the corpus, whose files `corpus_store` has looked at.
        split: Of it.

    Raises:
        DataError: A table cannot be read, or a study has no sentence although the corpus has reports.
    """
    manifest = fmt.read_manifest(root)
    try:
        table = pq.read_table(
            root / fmt.STUDIES, columns=["id", "sentences", "labels"], filters=[("split", "=", split)]
        ).to_pylist()
        width = len(manifest.label_names)
        labels = np.array([row["labels"] if width else [] for row in table], np.float32)
        labels = labels.reshape(len(table), width)
        reports = [tuple(str(each) for each in row["sentences"] or ()) for row in table]
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise DataError(f"corpus {root} cannot be read: {str(error)[:200]}; prepare it again") from error
    if manifest.has_reports and not all(reports):
        silent = next(row["id"] for row, report in zip(table, reports, strict=True) if not report)
        raise DataError(
            f"corpus {root}: study {silent} has no sentences; prepare it again, which leaves it out"
        )
    return CorpusStudies(tuple(reports) if manifest.has_reports else (), labels, tuple(manifest.label_names))


class _Squares:
    """Images (n, S, S) uint8 of a corpus, made when the first is read: stored features and reports need none."""

    def __init__(
        self, root: Path, pixels: np.ndarray, images: pd.DataFrame, protocol: DataProtocol, scratch: Path
    ) -> None:
        self._root, self._pixels, self._protocol, self._scratch = root, pixels, protocol, scratch
        self._places = images[["offset", "height", "width"]].to_numpy(np.int64)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        return self._made[rows]

    @cached_property
    def _made(self) -> np.ndarray:
        side = self._protocol.image_side
        self._scratch.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=self._scratch, buffering=0) as file:
            for offset, height, width in self._places.tolist():
                if min(offset, height - 1, width - 1) < 0 or offset + height * width > self._pixels.size:
                    raise DataError(
                        f"corpus {self._root}: an image lies outside {fmt.PIXELS}; prepare it again"
                    )
                if max(height, width) ** 2 > LARGEST_SQUARE:
                    raise DataError(
                        f"corpus {self._root}: an image of {height} x {width} pixels makes too large a square; leave "
                        "it out, or make it smaller, and prepare the corpus again"
                    )
                grey = np.asarray(self._pixels[offset : offset + height * width]).reshape(height, width)
                frame = Frame.padded(height, width, side, self._protocol.odd_padding)
                write_all(file, fit_image(grey, frame).data)
            return np.memmap(file, np.uint8, "r", shape=(len(self), side, side))
