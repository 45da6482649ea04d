"""RSNA Pneumonia Detection Challenge, stage 2 training part (datasets.md section 2).

Each image has a patient ID of its own; the images are NIH's, several of one patient among them, as the mapping file
says where it is there. Images are neither equalised nor inverted. Masks are the filled opacity boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.box_masks import box_mask
from lovt_bench.benchmark.data.displayed import decode_protocol_dicom
from lovt_bench.benchmark.data.inventory import take_inventory
from lovt_bench.benchmark.data.layout import find_optional, find_tables, image_folders
from lovt_bench.benchmark.data.nih_mapping import FILE as MAPPING
from lovt_bench.benchmark.data.nih_mapping import read_mapping
from lovt_bench.benchmark.data.person import Person
from lovt_bench.benchmark.data.samples import Collector, Listing, RawImage, Sample, dicom_sample
from lovt_bench.benchmark.data.splits import by_image_or_person, permuted
from lovt_bench.benchmark.data.tables import parse_box, read_table
from lovt_bench.benchmark.data.walk import DICOM

LABELS = "stage_2_train_labels.csv"
IMAGES = "stage_2_train_images"
BOX_COLUMNS = ("x", "y", "width", "height")


@dataclass(frozen=True)
class Rsna:
    """Raw layout: `stage_2_train_labels.csv`, `stage_2_train_images/<patientId>.dcm`.

    `pneumonia-challenge-dataset-mappings_2018.json` tells the patients.
    """

    name: str = "rsna"
    classes: tuple[str, ...] = ("opacity",)
    has_boxes: bool = True

    def scan(self, raw: Path) -> Listing:
        """Group label rows by patient; the first row's Target decides whether the patient has boxes."""
        (labels,) = find_tables(raw, [LABELS])
        inventory = take_inventory(raw, image_folders(raw, labels, IMAGES), DICOM, [labels])
        table = read_table(labels, ["patientId", *BOX_COLUMNS, "Target"])
        found, positive = Collector(), {}
        for number, row in table:
            patient, origin = row["patientId"], f"{labels.name} row {number}"
            if patient not in found.samples:
                found.add(dicom_sample(patient, "patientId", inventory, origin))
                positive[patient] = row["Target"].strip()
                if positive[patient] not in ("0", "1"):
                    found.flag(patient, f"{origin}: Target must be 0 or 1, found {row['Target']!r}")
            if positive[patient] == "1":
                fields = [row[column] for column in BOX_COLUMNS]
                found.append(patient, origin, partial(_with_box, fields=fields))
        mapping = find_optional(raw, MAPPING)
        patients, remarks = read_mapping(mapping) if mapping else ({}, [])
        samples = {
            name: replace(sample, person=Person(patient=patients.get(name) if mapping else f"rsna:{name}"))
            for name, sample in found.samples.items()
        }
        return Listing.of(
            samples,
            inventory,
            f"no row in {labels.name}",
            [labels, *([mapping] if mapping else [])],
            remarks=[*table.remarks(), *remarks],
            patients_known=mapping is not None,
        )

    def draw(
        self, samples: Sequence[Sample], protocol: DataProtocol, seed: int
    ) -> dict[SplitName, list[str]]:
        ids = [sample.id for sample in samples]
        if protocol.split_unit == "patient":
            people = [sample.person.patient for sample in samples]
            return by_image_or_person(ids, people, protocol.test_fraction, protocol.validation_fraction, seed)
        return permuted(ids, protocol.test_fraction, protocol.validation_fraction, seed)

    def read(self, sample: Sample, content: bytes, protocol: DataProtocol) -> RawImage:
        pixels, person = decode_protocol_dicom(content, protocol.dicom_values)
        return RawImage(pixels, [box_mask(np.array(sample.boxes), *pixels.shape)], person=person)

    def stored_boxes(self, boxes: np.ndarray, protocol: DataProtocol) -> np.ndarray:
        return boxes


def _with_box(sample: Sample, fields: list[str]) -> Sample:
    boxes = (*sample.boxes, parse_box(fields))
    return replace(sample, boxes=boxes, box_classes=(0,) * len(boxes))


PREPARER = Rsna()
