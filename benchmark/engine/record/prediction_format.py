"""Predictions as the bytes of a Parquet file: without loss, in the order in which scores read them.

Boxes: one line an image, its detections as a list. Masks: one line an image and class, with pixel counts and the packed
mask. Images are named by their row in the store, and by nothing else.
"""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lovt_bench.benchmark.contract.prediction_file import (
    BOX_COLUMNS,
    COUNT_COLUMNS,
    COUNTS,
    MASK_COLUMN,
    PredictionHeader,
)
from lovt_bench.benchmark.data.format import packed_size
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.predictions import MaskPredictions, Predictions

HEADER = b"lovt-bench"
_LEVEL = 9
"""Level of zstd: masks of a U-Net take a third less space than at its default, and still less than a second."""
COORDINATES = ("x", "y", "w", "h")
DETECTION = pa.struct(
    [*((name, pa.float32()) for name in (*COORDINATES, "score", "class_score")), ("class", pa.int16())]
)
BOXES = pa.schema(list(zip(BOX_COLUMNS, (pa.int32(), pa.list_(DETECTION)), strict=True)))
_COUNT_TYPES = (pa.int32(), pa.int16(), *[pa.int32()] * len(COUNTS))


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
            f"detections.list.element.{field.name}" for field in DETECTION if pa.types.is_floating(field.type)
        ]
    coded = [name for name in _columns(table.schema) if name not in dense]
    file = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata({HEADER: header.model_dump_json()}),
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


def _columns(schema: pa.Schema) -> list[str]:
    fields = [name for name in schema.names if name != "detections"]
    nested = [f"detections.list.element.{field.name}" for field in DETECTION]
    return fields + (nested if "detections" in schema.names else [])


def _box_table(rows: np.ndarray, found: Detections) -> pa.Table:
    values = {name: found.boxes[:, i].numpy() for i, name in enumerate(COORDINATES)}
    values |= {"score": found.scores.numpy(), "class_score": found.class_scores.numpy()}
    values |= {"class": found.classes.numpy().astype(np.int16)}
    offsets = np.concatenate([[0], np.cumsum(found.counts.numpy())]).astype(np.int32)
    structs = pa.StructArray.from_arrays(
        [pa.array(values[f.name], f.type) for f in DETECTION], fields=list(DETECTION)
    )
    lists = pa.ListArray.from_arrays(pa.array(offsets), structs, type=pa.list_(DETECTION))
    return pa.table([pa.array(rows.astype(np.int32)), lists], schema=BOXES)


def mask_schema(side: int, masks: bool) -> pa.Schema:
    fields = list(zip(COUNT_COLUMNS, _COUNT_TYPES, strict=True))
    return pa.schema([*fields, (MASK_COLUMN, pa.binary(packed_size(side)))] if masks else fields)


def _mask_table(rows: np.ndarray, found: MaskPredictions, masks: bool) -> pa.Table:
    images, classes = found.counts.shape[:2]
    counts = found.counts.numpy().reshape(-1, 3)
    columns = {
        "row": np.repeat(rows, classes).astype(np.int32),
        "class": np.tile(np.arange(classes, dtype=np.int16), images),
        **{name: counts[:, i].astype(np.int32) for i, name in enumerate(COUNTS[:3])},
        COUNTS[3]: (found.side**2 - counts.sum(1)).astype(np.int32),
    }
    arrays = [pa.array(values) for values in columns.values()]
    if kept := masks and found.masks is not None:
        packed = np.ascontiguousarray(found.masks.numpy())
        kind = pa.binary(packed_size(found.side))
        arrays.append(
            pa.FixedSizeBinaryArray.from_buffers(kind, images * classes, [None, pa.py_buffer(packed)])
        )
    return pa.table(arrays, schema=mask_schema(found.side, kept))
