"""SIIM-ACR Pneumothorax Segmentation, training part of the mirror `siim-train-test` (datasets.md section 3).

An image has one row per annotation; its mask is their union.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.displayed import decode_protocol_dicom
from lovt_bench.benchmark.data.errors import BadImageError
from lovt_bench.benchmark.data.inventory import take_inventory
from lovt_bench.benchmark.data.layout import find_tables, image_folders
from lovt_bench.benchmark.data.rle import decode_union
from lovt_bench.benchmark.data.samples import Collector, Listing, RawImage, Sample, dicom_sample
from lovt_bench.benchmark.data.splits import permuted
from lovt_bench.benchmark.data.tables import read_table
from lovt_bench.benchmark.data.walk import DICOM

LABELS = ("train-rle.csv", "stage_2_train.csv")
IMAGES = ("dicom-images-train", "stage_2_train_images", "stage_2_images")
SIDE = 1024
"""The run lengths count pixels of a 1024 x 1024 image."""


@dataclass(frozen=True)
class Siim:
    """Raw layout: `train-rle.csv`, `dicom-images-train/<study>/<series>/<ImageId>.dcm`, or all files in one folder."""

    name: str = "siim"
    classes: tuple[str, ...] = ("pneumothorax",)
    has_boxes: bool = False

    def scan(self, raw: Path) -> Listing:
        """Gather the run-length strings of each image in first-appearance order."""
        (labels,) = find_tables(raw, LABELS)
        inventory = take_inventory(raw, image_folders(raw, labels, *IMAGES), DICOM, [labels])
        table = read_table(labels, ["ImageId", "EncodedPixels"])
        found = Collector()
        for number, row in table:
            name, origin = row["ImageId"].strip(), f"{labels.name} row {number}"
            if name not in found.samples:
                found.add(dicom_sample(name, "ImageId", inventory, origin))
            found.append(name, origin, partial(_annotated, text=row["EncodedPixels"]))
        unlisted = f"no row in {labels.name}"
        return Listing.of(found.samples, inventory, unlisted, [labels], remarks=table.remarks())

    def draw(
        self, samples: Sequence[Sample], protocol: DataProtocol, seed: int
    ) -> dict[SplitName, list[str]]:
        ids = [sample.id for sample in samples]
        return permuted(ids, protocol.test_fraction, protocol.validation_fraction, seed)

    def read(self, sample: Sample, content: bytes, protocol: DataProtocol) -> RawImage:
        pixels, person = decode_protocol_dicom(content, protocol.dicom_values, patients=self.name)
        if pixels.shape != (SIDE, SIDE):
            raise BadImageError(f"image of {SIDE} x {SIDE} pixels expected, found {pixels.shape}")
        return RawImage(pixels, [decode_union(sample.annotations, SIDE, SIDE)], person=person)

    def stored_boxes(self, boxes: np.ndarray, protocol: DataProtocol) -> np.ndarray:
        return boxes


def _annotated(sample: Sample, text: str) -> Sample:
    return replace(sample, annotations=(*sample.annotations, text))


PREPARER = Siim()
