"""A raw MIMIC-CXR folder as tensors: frontal images of one split and five binary labels."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageOps
from torch import Tensor

LABELS = ("Cardiomegaly", "Edema", "Consolidation", "Atelectasis", "Pleural Effusion")
"""In the order of the protocol (datasets.md, MIMIC-CXR, Labels)."""

JPG = "mimic-cxr-jpg_2-0-0"
TABLE = "mimic-cxr-2.0.0-{}.csv.gz"
SIDE = 224
KEYS = ["subject_id", "study_id"]


@dataclass(frozen=True)
class Corpus:
    """One split."""

    images: Tensor
    """(N, 224, 224) uint8, padded to square with black, then resized."""
    labels: Tensor
    """(N, 5) float32: 1 positive or uncertain, 0 negative or blank."""

    def pixel_statistics(self) -> tuple[float, float]:
        """Return mean and standard deviation of all pixels in [0, 1]."""
        pixels = self.images.float() / 255
        return float(pixels.mean()), float(pixels.std().clamp_min(1e-3))


def read_split(root: Path, split: str, limit: int) -> Corpus:
    """Return the first `limit` frontal (PA or AP) images of a split, ordered by patient, study and image.

    Raises:
        ValueError: a table or an image is missing, or a table lacks a column.
    """
    folder = root / JPG
    images = _table(folder, "split", [*KEYS, "dicom_id", "split"])
    views = _table(folder, "metadata", [*KEYS, "dicom_id", "ViewPosition"])
    labels = _table(folder, "chexpert", [*KEYS, *LABELS])
    rows = images[images["split"] == split].merge(views, on=[*KEYS, "dicom_id"], validate="one_to_one")
    rows = rows[rows["ViewPosition"].isin(["PA", "AP"])].merge(labels, on=KEYS, validate="many_to_one")
    rows = rows.sort_values([*KEYS, "dicom_id"]).head(limit)
    if odd := [name for name in rows["dicom_id"].astype(str) if not re.fullmatch(r"[A-Za-z0-9-]+", name)]:
        raise ValueError(f"dicom_id {odd[0]!r} is no name of an image: expected letters, digits and '-'")
    paths = [
        folder
        / "files"
        / f"p{str(row.subject_id)[:2]}"
        / f"p{row.subject_id}"
        / f"s{row.study_id}"
        / f"{row.dicom_id}.jpg"
        for row in rows.itertuples()
    ]
    with ThreadPoolExecutor() as pool:
        pixels = list(pool.map(_read_image, paths))
    values = rows[list(LABELS)].to_numpy(dtype=np.float32)
    return Corpus(
        images=torch.from_numpy(np.stack(pixels))
        if pixels
        else torch.zeros((0, SIDE, SIDE), dtype=torch.uint8),
        labels=torch.from_numpy((np.abs(np.nan_to_num(values)) == 1).astype(np.float32)),
    )


def _table(folder: Path, kind: str, columns: list[str]) -> pd.DataFrame:
    path = folder / TABLE.format(kind)
    if not path.is_file():
        raise ValueError(f"no table {path}; `lovt-bench data phantom` writes one")
    table = pd.read_csv(path)
    if missing := [column for column in columns if column not in table]:
        raise ValueError(f"{path} lacks the columns {', '.join(missing)}")
    return table[columns]


def _read_image(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            image.draft("L", (2 * SIDE, 2 * SIDE))
            return np.asarray(
                ImageOps.pad(image.convert("L"), (SIDE, SIDE), Image.Resampling.BILINEAR, color=0)
            )
    except OSError as error:
        raise ValueError(f"cannot read image {path}: {error}") from error
