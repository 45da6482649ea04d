"""Files of predictions read back, and held against what their records say (`prediction_format.py`)."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from pydantic import ValidationError
from torch import Tensor

from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.contract.prediction_file import COUNTS, PredictionFile, PredictionHeader
from lovt_bench.benchmark.data.format import packed_size
from lovt_bench.benchmark.engine.record.prediction_checks import check_boxes, check_masks
from lovt_bench.benchmark.engine.record.prediction_format import (
    BOXES,
    COORDINATES,
    DETECTION,
    HEADER,
    mask_schema,
)
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.predictions import MaskPredictions, Predictions

_MOST_BOXES = 20_000
"""Most boxes of an image; a YOLOv3 head has 3,087 anchors in an image of 224 pixels, 12,348 in one of 448."""


class PredictionError(ValueError):
    """Predictions that cannot be used: one sentence, without the file."""


class MissingPredictionsError(PredictionError):
    """There is no such file."""


class ChangedPredictionsError(PredictionError):
    """A file that can be read, but is not the one that the record names."""

    def __init__(self, stored: StoredPredictions) -> None:
        super().__init__(
            "was changed: its content differs from the digest in the record; bring back the first one"
        )
        self.stored = stored


@dataclass(frozen=True)
class StoredPredictions:
    """What a file of predictions holds."""

    header: PredictionHeader
    rows: np.ndarray
    """(N,) int64 rows of the store, in the order of the test split."""
    predictions: Predictions


def read_predictions(path: Path, expected: PredictionFile, key: str) -> StoredPredictions:
    """Return what a file holds, held against what the record says of it.

    Args:
        path: The file.
        expected: What the record says.
        key: Key of the run.

    Raises:
        PredictionError: It is missing, cut, changed, of another run, or holds what no head can have predicted.
    """
    try:
        content = read_plain(path, expected.bytes)
    except FileNotFoundError as error:
        raise MissingPredictionsError("is missing; bring it back from where the run was made") from error
    except PlainFileError as error:
        raise PredictionError(str(error)) from error
    if len(content) < expected.bytes:
        raise PredictionError(
            f"was cut: it has {len(content)} bytes, the record says {expected.bytes}; copy it again"
        )
    stored = from_bytes(content)
    if stored.header.key != key:
        raise PredictionError(
            f"is of another run ({stored.header.key[:12]}, expected {key[:12]}); put the file of this run there"
        )
    if hashlib.sha256(content).hexdigest() != expected.sha256:
        raise ChangedPredictionsError(stored)
    return stored


def from_bytes(content: bytes) -> StoredPredictions:
    """Return what a file holds.

    Raises:
        PredictionError: It is no file of predictions, or holds what no head can have predicted.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        written = (file.schema_arrow.metadata or {}).get(HEADER)
        if written is None:
            raise PredictionError("is no file of predictions: it does not say of which run it is")
        header = PredictionHeader.model_validate_json(written, strict=True)
        _check_layout(file, header)
        table = file.read(use_threads=False)
    except ValidationError as error:
        raise PredictionError(
            "was written by another version of lovt-bench, or is no file of predictions"
        ) from error
    except PredictionError:
        raise
    except (pa.ArrowException, ValueError, OSError, KeyError) as error:
        said = " ".join(str(error).split())[:120]
        raise PredictionError(f"cannot be read as Parquet ({said}); copy it again") from error
    if any(column.null_count for column in table.columns):
        raise PredictionError("has lines without a value; bring back the one that was written")
    return _boxes_of(header, table) if header.target == "boxes" else _masks_of(header, table)


def _check_layout(file: pq.ParquetFile, header: PredictionHeader) -> None:
    """Refuse other columns than ours, and a small file that says it holds more than memory."""
    if header.target == "boxes":
        layouts = [BOXES]
        most = max(1, file.metadata.num_rows) * _MOST_BOXES
    else:
        layouts = [mask_schema(header.side, True), mask_schema(header.side, False)]
        most = file.metadata.num_rows
    if not any(file.schema_arrow.equals(layout) for layout in layouts):
        raise PredictionError(
            f"has other columns than predictions of {header.target} of side {header.side}; it was written by another "
            "program"
        )
    groups = [file.metadata.row_group(group) for group in range(file.metadata.num_row_groups)]
    values = max(
        (group.column(i).num_values for group in groups for i in range(group.num_columns)), default=0
    )
    if (
        file.metadata.num_rows > 10**7
        or values > most
        or sum(group.total_byte_size for group in groups) > 1 << 31
    ):
        raise PredictionError(
            "says that it holds more than a test split can; it was not written by lovt-bench"
        )


def _boxes_of(header: PredictionHeader, table: pa.Table) -> StoredPredictions:
    lists = table.column("detections").combine_chunks()
    structs = lists.flatten()
    if structs.null_count or any(structs.field(i).null_count for i in range(structs.type.num_fields)):
        raise PredictionError("has detections without a value; bring back the one that was written")
    columns = {field.name: _tensor(structs.field(i)) for i, field in enumerate(DETECTION)}
    found = Detections(
        torch.stack([columns[name] for name in COORDINATES], dim=1),
        columns["score"],
        columns["class"].long(),
        columns["class_score"],
        torch.from_numpy(np.array(lists.value_lengths(), dtype=np.int64)),
    )
    rows = np.array(table.column("row"), dtype=np.int64)
    if problem := check_boxes(rows, found, header):
        raise PredictionError(problem)
    return StoredPredictions(header, rows, found)


def _masks_of(header: PredictionHeader, table: pa.Table) -> StoredPredictions:
    classes, images = len(header.classes), len(table) // len(header.classes)
    columns = {
        name: np.array(table.column(name), dtype=np.int64) for name in table.column_names if name != "mask"
    }
    if not np.array_equal(columns["class"], np.tile(np.arange(classes), images)):
        raise PredictionError(
            "does not hold one mask of each class for each image; bring back the one that was written"
        )
    rows = columns["row"].reshape(images, classes)
    counts = np.stack([columns[name] for name in COUNTS], axis=1)
    masks = None
    if "mask" in table.column_names:
        column = table.column("mask").combine_chunks()
        column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
        size = packed_size(header.side)
        flat = np.frombuffer(column.buffers()[1], np.uint8, len(column) * size, column.offset * size)
        masks = torch.from_numpy(flat.reshape(images, classes, size).copy())
    if problem := check_masks(rows, counts, header):
        raise PredictionError(problem)
    found = MaskPredictions(
        torch.from_numpy(counts[:, :3].reshape(images, classes, 3).copy()), masks, header.side
    )
    return StoredPredictions(header, rows[:, 0].copy(), found)


def _tensor(values: pa.Array) -> Tensor:
    return torch.from_numpy(np.array(values.to_numpy(zero_copy_only=False)))
