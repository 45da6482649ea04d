"""Predictions as the bytes of a Parquet file, and back: without loss, in the order in which scores read them.

Boxes: one line an image, its detections as a list. Masks: one line an image and class, with pixel counts and the packed
mask. Images are named by their row in the store, and by nothing else.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from pydantic import ValidationError
from torch import Tensor

from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.contract.prediction_file import PredictionFile, PredictionHeader
from lovt_bench.benchmark.data.format import packed_size
from lovt_bench.benchmark.engine.prediction_checks import check_boxes, check_masks
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.predictions import MaskPredictions, Predictions

_HEADER = b"lovt-bench"
_LEVEL = 9
"""Level of zstd: masks of a U-Net take a third less space than at its default, and still less than a second."""
_COORDINATES = ("x", "y", "w", "h")
_DETECTION = pa.struct(
    [*((name, pa.float32()) for name in (*_COORDINATES, "score", "class_score")), ("class", pa.int16())]
)
_BOXES = pa.schema([("row", pa.int32()), ("detections", pa.list_(_DETECTION))])
_COUNTS = ("true_positives", "false_positives", "false_negatives", "true_negatives")
_MOST_BOXES = 20_000
"""Most boxes of an image; a YOLOv3 head has 3,087 anchors in a frame of 224 pixels."""


class PredictionError(ValueError):
    """Predictions that cannot be used: one sentence, without the file."""


class MissingPredictionsError(PredictionError):
    """There is no such file."""


@dataclass(frozen=True)
class StoredPredictions:
    """What a file of predictions holds."""

    header: PredictionHeader
    rows: np.ndarray
    """(N,) int64 rows of the store, in the order of the test split."""
    predictions: Predictions


def to_bytes(
    header: PredictionHeader, rows: np.ndarray, predictions: Predictions, masks: bool = True
) -> bytes:
    """Return the file.

    Args:
        header: What it says of itself.
        rows: (N,) rows of the store that the predictions are of.
        predictions: Predictions of these images.
        masks: Keep the masks, not their counts alone.
    """
    if isinstance(predictions, MaskPredictions):
        table, dense = _mask_table(rows, predictions, masks), ["mask"]
    else:
        table = _box_table(rows, predictions)
        dense = [
            f"detections.list.element.{field.name}"
            for field in _DETECTION
            if pa.types.is_floating(field.type)
        ]
    coded = [name for name in _columns(table.schema) if name not in dense]
    file = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata({_HEADER: header.model_dump_json()}),
        file,
        compression="zstd",
        compression_level=_LEVEL,
        use_dictionary=coded,
        use_byte_stream_split=[] if dense == ["mask"] else dense,
        data_page_size=1 << 24,
        row_group_size=max(1, len(table)),
        write_statistics=False,
    )
    return file.getvalue()


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


class ChangedPredictionsError(PredictionError):
    """A file that can be read, but is not the one that the record names."""

    def __init__(self, stored: StoredPredictions) -> None:
        super().__init__(
            "was changed: its content differs from the digest in the record; bring back the first one"
        )
        self.stored = stored


def from_bytes(content: bytes) -> StoredPredictions:
    """Return what a file holds.

    Raises:
        PredictionError: It is no file of predictions, or holds what no head can have predicted.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        written = (file.schema_arrow.metadata or {}).get(_HEADER)
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


def _columns(schema: pa.Schema) -> list[str]:
    fields = [name for name in schema.names if name != "detections"]
    nested = [f"detections.list.element.{field.name}" for field in _DETECTION]
    return fields + (nested if "detections" in schema.names else [])


def _check_layout(file: pq.ParquetFile, header: PredictionHeader) -> None:
    """Refuse other columns than ours, and a small file that says it holds more than memory."""
    if header.target == "boxes":
        layouts = [_BOXES]
        most = max(1, file.metadata.num_rows) * _MOST_BOXES
    else:
        layouts = [_mask_schema(header.side, True), _mask_schema(header.side, False)]
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


def _box_table(rows: np.ndarray, found: Detections) -> pa.Table:
    values = {name: found.boxes[:, i].numpy() for i, name in enumerate(_COORDINATES)}
    values |= {"score": found.scores.numpy(), "class_score": found.class_scores.numpy()}
    values |= {"class": found.classes.numpy().astype(np.int16)}
    offsets = np.concatenate([[0], np.cumsum(found.counts.numpy())]).astype(np.int32)
    structs = pa.StructArray.from_arrays(
        [pa.array(values[f.name], f.type) for f in _DETECTION], fields=list(_DETECTION)
    )
    lists = pa.ListArray.from_arrays(pa.array(offsets), structs, type=pa.list_(_DETECTION))
    return pa.table([pa.array(rows.astype(np.int32)), lists], schema=_BOXES)


def _boxes_of(header: PredictionHeader, table: pa.Table) -> StoredPredictions:
    lists = table.column("detections").combine_chunks()
    structs = lists.flatten()
    if structs.null_count or any(structs.field(i).null_count for i in range(structs.type.num_fields)):
        raise PredictionError("has detections without a value; bring back the one that was written")
    columns = {field.name: _tensor(structs.field(i)) for i, field in enumerate(_DETECTION)}
    found = Detections(
        torch.stack([columns[name] for name in _COORDINATES], dim=1),
        columns["score"],
        columns["class"].long(),
        columns["class_score"],
        torch.from_numpy(np.array(lists.value_lengths(), dtype=np.int64)),
    )
    rows = np.array(table.column("row"), dtype=np.int64)
    if problem := check_boxes(rows, found, header):
        raise PredictionError(problem)
    return StoredPredictions(header, rows, found)


def _mask_schema(side: int, masks: bool) -> pa.Schema:
    fields = [("row", pa.int32()), ("class", pa.int16()), *((name, pa.int32()) for name in _COUNTS)]
    return pa.schema([*fields, ("mask", pa.binary(packed_size(side)))] if masks else fields)


def _mask_table(rows: np.ndarray, found: MaskPredictions, masks: bool) -> pa.Table:
    images, classes = found.counts.shape[:2]
    counts = found.counts.numpy().reshape(-1, 3)
    columns = {
        "row": np.repeat(rows, classes).astype(np.int32),
        "class": np.tile(np.arange(classes, dtype=np.int16), images),
        **{name: counts[:, i].astype(np.int32) for i, name in enumerate(_COUNTS[:3])},
        _COUNTS[3]: (found.side**2 - counts.sum(1)).astype(np.int32),
    }
    arrays = [pa.array(values) for values in columns.values()]
    if kept := masks and found.masks is not None:
        packed = np.ascontiguousarray(found.masks.numpy())
        kind = pa.binary(packed_size(found.side))
        arrays.append(
            pa.FixedSizeBinaryArray.from_buffers(kind, images * classes, [None, pa.py_buffer(packed)])
        )
    return pa.table(arrays, schema=_mask_schema(found.side, kept))


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
    counts = np.stack([columns[name] for name in _COUNTS], axis=1)
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


def rows_differ(stored: np.ndarray, expected: Sequence[int] | np.ndarray) -> str | None:
    """Return how the images of a file differ from those of the split; None if they do not."""
    wanted = np.asarray(expected, dtype=np.int64)
    if np.array_equal(stored, wanted):
        return None
    if len(stored) != len(wanted):
        return f"is of {len(stored)} images, the run of {len(wanted)}"
    place = int(np.flatnonzero(stored != wanted)[0])
    return f"names other images: row {stored[place]} of the store where {wanted[place]} is expected"
