"""SIIM-ACR Pneumothorax: DICOM files, masks as relative column-major run lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy.lungs import SIDES
from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas
from lovt_bench.benchmark.data.phantom.files import enlarge, enlarge_mask, uid, write_dicom
from lovt_bench.benchmark.data.phantom.findings import Request
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder
from lovt_bench.benchmark.data.phantom.layout import Layout, Settings, csv_text
from lovt_bench.benchmark.data.phantom.randomness import stream
from lovt_bench.benchmark.data.phantom.requests import several
from lovt_bench.benchmark.data.phantom.scene import Scene, draw_picture

SIDE = 1024
"""Side of every SIIM image; the preparer insists on it."""

OTHERS = ("pneumonia", "nodule", "effusion")
"""What images without pneumothorax may show."""


@dataclass(frozen=True)
class Record:
    """One image: a run-length string for each annotation, none without pneumothorax."""

    image: str
    runs: tuple[str, ...]


def relative_runs(mask: Array) -> str:
    """Return a mask (H, W) bool as pairs offset, length, column by column; offsets from the last end."""
    flat = np.concatenate([[0], mask.T.reshape(-1).astype(np.int8), [0]])
    edges = np.diff(flat)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    offsets = starts - np.concatenate([[0], ends[:-1]])
    return " ".join(f"{offset} {length}" for offset, length in zip(offsets, ends - starts, strict=True))


def _requests(settings: Settings, index: int) -> tuple[Request, ...]:
    rng = stream(settings.seed, "siim", index, "plan")
    if index % 2 == 0:
        sides = SIDES if rng.random() < 0.15 else (SIDES[int(rng.integers(2))],)
        return tuple(Request("pneumothorax", side) for side in sides)
    return several(OTHERS, 1, rng) if rng.random() < 0.4 else ()


def write(folder: PhantomFolder, index: int, settings: Settings) -> Record:
    """Write one DICOM file of 1024 x 1024, drawn at the given side and enlarged."""
    key, side = ("siim", index), min(settings.side, SIDE)
    picture = draw_picture(
        Canvas(side, side), Scene(settings.seed, key, key, key, _requests(settings, index))
    )
    study, series, image = (uid(settings.seed, *key, what) for what in ("study", "series", "instance"))
    write_dicom(
        folder,
        f"dicom-images-train/{study}/{series}/{image}.dcm",
        enlarge(picture.pixels, SIDE, SIDE),
        patient=f"PHANTOM-{index:05d}",
        sex=picture.patient.sex,
        age=picture.patient.age,
        view=picture.patient.view,
        study=study,
        series=series,
        instance=image,
    )
    masks = [
        enlarge_mask(found.mask, SIDE, SIDE) for found in picture.drawn if found.place.kind == "pneumothorax"
    ]
    return Record(image, tuple(relative_runs(mask) for mask in masks if mask.any()))


def finish(folder: PhantomFolder, records: Sequence[Record], settings: Settings) -> None:
    """Write `train-rle.csv`; header and values have the original's leading blank."""
    del settings
    rows = [f"{record.image}, {runs}" for record in records for runs in record.runs or ("-1",)]
    folder.write("train-rle.csv", csv_text("ImageId, EncodedPixels", rows))


LAYOUT = Layout("siim", "SIIM-ACR Pneumothorax", 20, write, finish)
