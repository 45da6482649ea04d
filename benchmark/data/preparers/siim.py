"""SIIM-ACR Pneumothorax Segmentation, training part of the mirror `siim-train-test` (datasets.md).

An image has one row per annotation; its mask is their union.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from benchmark.contract.dataset import SplitName
from benchmark.contract.protocol import DataProtocol
from benchmark.data.errors import BadImageError
from benchmark.data.images import decode_dicom
from benchmark.data.rle import decode_union
from benchmark.data.samples import Collector, Listing, RawImage, Sample
from benchmark.data.splits import permuted
from benchmark.data.tables import read_table, safe_id

LABELS = "train-rle.csv"
IMAGES = "dicom-images-train"
SIDE = 1024
"""The run lengths count pixels of a 1024 x 1024 image."""


@dataclass(frozen=True)
class Siim:
    """Raw layout: `train-rle.csv`, `dicom-images-train/<study>/<series>/<ImageId>.dcm`."""

    name: str = "siim"
    classes: tuple[str, ...] = ("pneumothorax",)
    has_boxes: bool = False

    def scan(self, raw: Path, protocol: DataProtocol) -> Listing:
        """Gather the run-length strings of each image in first-appearance order."""
        files: dict[str, list[Path]] = {}
        for path in sorted((raw / IMAGES).glob("*/*/*.dcm")):
            files.setdefault(path.stem, []).append(path)
        found = Collector()
        for number, row in read_table(raw / LABELS, ["ImageId", "EncodedPixels"]):
            name, origin = row["ImageId"].strip(), f"{LABELS} row {number}"
            if name not in found.samples:
                paths = files.get(name) or [raw / IMAGES / f"*/*/{name}.dcm"]
                found.add(Sample(name, paths[0], origin, patient=name))
                if not safe_id(name):
                    found.flag(name, f"{origin}: ImageId {name!r} cannot be a file name")
                elif len(paths) > 1:
                    found.flag(name, f"{origin}: duplicate ID, two files: {paths[0]} and {paths[1]}")
            found.append(name, origin, partial(_annotated, text=row["EncodedPixels"]))
        return Listing(found.samples, (raw / LABELS,))

    def draw(
        self, samples: Sequence[Sample], protocol: DataProtocol, seed: int
    ) -> dict[SplitName, list[str]]:
        ids = [sample.id for sample in samples]
        return permuted(ids, protocol.test_fraction, protocol.validation_fraction, seed)

    def read(self, sample: Sample, content: bytes, protocol: DataProtocol) -> RawImage:
        pixels = decode_dicom(content)
        if pixels.shape != (SIDE, SIDE):
            raise BadImageError(f"image of {SIDE} x {SIDE} pixels expected, found {pixels.shape}")
        return RawImage(pixels, [decode_union(sample.annotations, SIDE, SIDE)])

    def stored_boxes(self, boxes: np.ndarray, protocol: DataProtocol) -> np.ndarray:
        return boxes


def _annotated(sample: Sample, text: str) -> Sample:
    return replace(sample, annotations=(*sample.annotations, text))


PREPARER = Siim()
