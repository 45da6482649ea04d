"""What a run record says of the predictions that lie beside it, and what their file says of itself.

`results/<track>/<backbone>/predictions/<task>/<key of the run>.parquet`: written before the record that names it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, StringConstraints

from lovt_bench.benchmark.contract.base import Model, Sha256

PREDICTIONS = "predictions"
"""Folder beside the files of records."""

BOX_COLUMNS = ("row", "detections")
"""Columns of a file of boxes: one line an image."""

COUNTS = ("true_positives", "false_positives", "false_negatives", "true_negatives")
COUNT_COLUMNS = ("row", "class", *COUNTS)
"""Columns of a file of masks: one line an image and class."""

MASK_COLUMN = "mask"
"""The last column, where the masks are kept beside their counts."""

LARGEST = 1 << 30
"""Bytes of one file. The test split of RSNA with two thousand boxes an image has a fifth of it."""


def prediction_file(task: str, key: str) -> str:
    """Return where the predictions of a run lie, relative to the folder of its record."""
    return f"{PREDICTIONS}/{task}/{key}.parquet"


class PredictionFile(Model):
    """The predictions of a final run on the test split."""

    file: Annotated[
        str, StringConstraints(pattern=r"^predictions/[a-z0-9][a-z0-9._-]{0,63}/[0-9a-f]{64}\.parquet$")
    ]
    """`prediction_file` of the run: relative to the folder of the record, and nowhere else."""
    sha256: Sha256
    bytes: Annotated[int, Field(gt=0, le=LARGEST)]
    masks: bool | None = None
    """Whether the masks are kept, or their counts alone (`evaluate --no-masks`); None for boxes."""


class PredictionHeader(Model):
    """What the file says of itself, JSON in its Parquet metadata."""

    schema_version: Literal[1] = 1
    key: Sha256
    """Key of the run."""
    target: Literal["boxes", "masks"]
    classes: Annotated[list[str], Field(min_length=1)]
    """The columns `class` count from 0 in this list."""
    side: PositiveInt
    """Pixels of the frame that boxes are given in, or of a mask."""
