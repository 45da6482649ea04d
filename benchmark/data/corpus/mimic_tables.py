"""The tables of MIMIC-CXR-JPG: which images in which study and split, and the labels of each study."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lovt_bench.benchmark.contract.corpus import CHEXPERT_LABELS
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.layout import find_tables

KINDS = ("split", "metadata", "chexpert")
NAMES = ("mimic-cxr-2.0.0-{}.csv.gz", "mimic-cxr-2.0.0-{}.csv", "mimic-cxr-2.1.0-{}.csv")
"""Release 2.1.0 of MIMIC-CXR-JPG distributes the tables under the names of 2.0.0."""
KEYS = ["subject_id", "study_id"]
RAW_LABELS = (
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Enlarged Cardiomediastinum",
    "Fracture",
    "Lung Lesion",
    "Lung Opacity",
    "No Finding",
    "Pleural Effusion",
    "Pleural Other",
    "Pneumonia",
    "Pneumothorax",
    "Support Devices",
)
"""The 14 labels in the order of the table."""

KIND = {".gz": "gzipped CSV table", ".zip": "zipped CSV table", ".csv": "CSV table"}
SPLITS = {"train": "train", "validate": "validation", "test": "test"}
SAFE_DICOM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
ID = re.compile(r"[1-9][0-9]{7}")
"""Subjects and studies have eight digits; their first two name the folder."""


@dataclass(frozen=True)
class Tables:
    """Where the three tables lie, each plain, `.gz` or `.zip`."""

    split: Path
    metadata: Path
    chexpert: Path


def find_mimic_tables(raw: Path) -> Tables:
    """Return the tables of a raw folder, however deep PhysioNet's folders put them.

    Raises:
        DataError: One is missing; the message says what lies there instead.
    """
    names = ([name.format(kind) for name in NAMES] for kind in KINDS)
    return Tables(*find_tables(raw, *names, guide="docs/corpus.md"))


def read_images(tables: Tables) -> pd.DataFrame:
    """Return all images: `dicom_id`, `study_id`, `subject_id` (int64), `split`, `view`, `date`, in file order.

    Images without a row in the metadata have an empty view.

    Raises:
        DataError: A table is missing, damaged or has an odd value.
    """
    path = tables.split
    images = _read(path, ["dicom_id", *KEYS, "split"])
    _check_dicom(path, images)
    if len(odd := images[~images["split"].isin(list(SPLITS))]):
        raise DataError(
            f"{_row(path, odd)}: split {odd['split'].iloc[0]!r}; expected train, validate or test"
        )
    images["split"] = images["split"].map(SPLITS)
    several = images.groupby("subject_id")["split"].nunique()
    if (several > 1).any():
        subject = several.index[several > 1][0]
        raise DataError(
            f"{path}: subject {subject} is in more than one split; the official splits share none"
        )
    path = tables.metadata
    views = _read(path, ["dicom_id", *KEYS, "ViewPosition", "StudyDate"])
    _check_dicom(path, views)
    joined = images.merge(views, on=["dicom_id", *KEYS], how="left", validate="one_to_one")
    joined = joined.rename(columns={"ViewPosition": "view", "StudyDate": "date"})
    return joined.fillna({"view": "", "date": ""})


def read_labels(tables: Tables) -> dict[tuple[int, int], tuple[float, ...]]:
    """Return the 14 labels of each (subject, study) as coded: 1, 0, -1, NaN for blank.

    Raises:
        DataError: The table is missing, damaged or has another value.
    """
    path = tables.chexpert
    table = _read(path, [*KEYS, *RAW_LABELS])
    texts = table[list(RAW_LABELS)].to_numpy()
    known = {"": np.nan, "1.0": 1.0, "0.0": 0.0, "-1.0": -1.0, "1": 1.0, "0": 0.0, "-1": -1.0}
    for place, value in np.ndenumerate(texts):
        if value not in known:
            row, column = place
            raise DataError(
                f"{path}: row {row + 1}, {RAW_LABELS[column]}: expected 1.0, 0.0, -1.0 or blank, found {value!r}"
            )
    if table.duplicated(KEYS).any():
        raise DataError(f"{_row(path, table[table.duplicated(KEYS)])}: a second row of the same study")
    keys = zip(table["subject_id"], table["study_id"], strict=True)
    return {
        (int(subject), int(study)): tuple(known[value] for value in values)
        for (subject, study), values in zip(keys, texts.tolist(), strict=True)
    }


def binary_labels(raw: Sequence[float]) -> tuple[float, ...]:
    """Return the five binary labels in protocol order: positive and uncertain 1, negative and blank 0."""
    by_name = dict(zip(RAW_LABELS, raw, strict=True))
    return tuple(float(abs(by_name[name]) == 1) for name in CHEXPERT_LABELS)


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    """Return some columns as text, blanks empty, IDs as int64."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False)
    except (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile, pd.errors.ParserError) as error:
        raise DataError(
            f"{path}: not a {KIND[path.suffix.lower()]} in UTF-8 ({error}); fetch it again"
        ) from error
    if missing := [name for name in columns if name not in table]:
        raise DataError(
            f"{path}: missing column {', '.join(map(repr, missing))}; found: {', '.join(map(repr, table.columns))}"
        )
    table = table[columns].copy()
    for key in KEYS:
        if len(odd := table[~table[key].str.fullmatch(ID)]):
            raise DataError(f"{_row(path, odd)}: {key} {odd[key].iloc[0]!r}; expected eight digits")
        table[key] = table[key].astype(np.int64)
    return table


def _check_dicom(path: Path, table: pd.DataFrame) -> None:
    if len(odd := table[~table["dicom_id"].str.fullmatch(SAFE_DICOM)]):
        raise DataError(
            f"{_row(path, odd)}: dicom_id {odd['dicom_id'].iloc[0]!r} cannot be a file name; "
            "expected letters, digits, '-'"
        )
    if len(odd := table[table["dicom_id"].duplicated()]):
        raise DataError(f"{_row(path, odd)}: dicom_id {odd['dicom_id'].iloc[0]} is listed a second time")


def _row(path: Path, rows: pd.DataFrame) -> str:
    return f"{path}: row {rows.index[0] + 1}"
