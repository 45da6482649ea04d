"""VinDr-CXR, boxes of 14 findings (docs/extended.md). In training three readers marked each image on their own; a box
that two of them agree on counts (`consensus.py`). The test part has the consensus of five, as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.consensus import OVERLAP, READERS, AgreedBox, ReadBox, agreed_boxes
from lovt_bench.benchmark.data.drawn import TEST, TRAIN, PartedDataset
from lovt_bench.benchmark.data.inventory import Inventory, take_inventory
from lovt_bench.benchmark.data.layout import find_folders, find_tables
from lovt_bench.benchmark.data.own.classes import class_name
from lovt_bench.benchmark.data.own.shapes import Drawing, Shape
from lovt_bench.benchmark.data.samples import Collector, Listing, Sample
from lovt_bench.benchmark.data.tables import box_of_corners, read_table, safe_id
from lovt_bench.benchmark.data.walk import DICOM

TABLES = {TRAIN: "annotations_train.csv", TEST: "annotations_test.csv"}
GUIDE = "docs/extended.md"
CORNERS = ("x_min", "y_min", "x_max", "y_max")
FINDINGS = (
    *("Aortic enlargement", "Atelectasis", "Calcification", "Cardiomegaly", "Consolidation", "ILD"),
    *("Infiltration", "Lung Opacity", "Nodule/Mass", "Other lesion", "Pleural effusion"),
    *("Pleural thickening", "Pneumothorax", "Pulmonary fibrosis"),
)
"""The 14 classes of the VinBigData challenge on the same images."""
RARE = (
    *("Clavicle fracture", "Edema", "Emphysema", "Enlarged PA", "Lung cavity", "Lung cyst"),
    *("Mediastinal shift", "Rib fracture"),
)
"""Marked as well, but too rarely to be measured: a class without a test box counts 0 in the mean over classes."""
WITHOUT_BOX = (
    "No finding",
    "COPD",
    "Lung tumor",
    "Pneumonia",
    "Tuberculosis",
    "Other disease",
    "Other diseases",
)
"""Labels of whole images."""
MOST = 200
"""Boxes of one image that are read: real ones have tens, and to join boxes takes the cube of their number."""


@dataclass(frozen=True)
class _Mark:
    finding: str
    read: ReadBox


@dataclass(frozen=True)
class VindrCxr(PartedDataset):
    """Raw layout: `train/*.dicom`, `test/*.dicom`, `annotations/annotations_train.csv`, `annotations_test.csv`."""

    name: str = "vindr-cxr"
    classes: tuple[str, ...] = tuple(map(class_name, FINDINGS))
    has_boxes: bool = True

    def scan(self, raw: Path) -> Listing:
        """List the images of both tables with the boxes that count."""
        labels = find_tables(raw, *([name] for name in TABLES.values()), guide=GUIDE)
        folders = find_folders(raw, *TABLES) or [labels[0].parent]
        inventory = take_inventory(raw, folders, DICOM, labels, GUIDE)
        found, marks, remarks = Collector(), defaultdict[str, list[_Mark]](list), list[str]()
        rare = 0
        for part, path in zip(TABLES, labels, strict=True):
            readers = ("rad_id",)
            required = ("image_id", "class_name", *CORNERS, *(readers if part == TRAIN else ()))
            table = read_table(path, required, readers if part == TEST else ())
            for number, row in table:
                name, origin = row["image_id"].strip(), f"{path.name} row {number}"
                if name not in found.samples:
                    found.add(_new_sample(name, part, inventory, origin))
                elif found.samples[name].pool != part:
                    found.flag(
                        name, f"{origin}: image {name} is already in {TABLES[TRAIN]}; take one of them out"
                    )
                try:
                    mark = _mark(row, number)
                except ValueError as error:
                    found.flag(name, f"{origin}: {error}")
                    continue
                if mark and mark.finding in RARE:
                    rare += 1
                elif mark:
                    marks[name].append(mark)
            remarks += table.remarks()
        for name, read in marks.items():
            if len(read) > MOST:
                found.flag(name, f"{found.samples[name].origin}: {len(read)} boxes; at most {MOST} are read")
        samples = {
            name: _drawn(one, [] if one.problem else _counted(one, marks[name]))
            for name, one in found.samples.items()
        }
        train = [one for one in samples.values() if one.pool == TRAIN and not one.problem]
        drawn = sum(len(marks[one.id]) for one in train)
        agreed = sum(len(one.box_classes) for one in train)
        note = (
            f"Training boxes: those that {READERS} or more readers agree on (IoU {OVERLAP} or more), their mean; "
            f"{drawn} drawn boxes came to {agreed}."
        )
        if rare:
            remarks.append(f"boxes of {len(RARE)} rare findings, left out: {rare}.")
        unlisted = f"no row in {' or '.join(TABLES.values())}"
        return Listing.of(samples, inventory, unlisted, labels, [note], remarks)


def _new_sample(name: str, part: str, inventory: Inventory, origin: str) -> Sample:
    folder = next((one for one in inventory.folders if one.name.lower() == part), inventory.folders[0])
    if not safe_id(name):
        problem = f"{origin}: image_id {clean_text(name, 60)!r} cannot be a file name"
        return Sample(name, folder / "invalid", origin, name, part, problem=problem)
    image, missing = inventory.find(name, folder / f"{name}.dicom", origin)
    return Sample(name, image, origin, name, part, problem=missing)


def _mark(row: dict[str, str], number: int) -> _Mark | None:
    """Return what a row marks; None where it speaks of the whole image.

    Raises:
        ValueError: Its class is not known, or its box is none.
    """
    finding = row["class_name"].strip()
    if finding in WITHOUT_BOX:
        return None
    if finding not in (*FINDINGS, *RARE):
        known = ", ".join((*FINDINGS, *RARE))
        raise ValueError(
            f"class_name {clean_text(finding, 60)!r}; expected {WITHOUT_BOX[0]} or one of {known}"
        )
    return _Mark(
        finding, ReadBox(row.get("rad_id", "").strip(), number, box_of_corners(row[one] for one in CORNERS))
    )


def _counted(sample: Sample, marks: Sequence[_Mark]) -> list[tuple[int, AgreedBox]]:
    """Return class and box of what counts on an image, by class."""
    found = []
    for index, finding in enumerate(FINDINGS):
        read = [mark.read for mark in marks if mark.finding == finding]
        boxes = (
            agreed_boxes(read) if sample.pool == TRAIN else [AgreedBox((one.row,), one.box) for one in read]
        )
        found += [(index, box) for box in boxes]
    return found


def _drawn(sample: Sample, boxes: Sequence[tuple[int, AgreedBox]]) -> Sample:
    shapes = [
        Shape(index=index, name=f"{TABLES[sample.pool]} row {' and '.join(map(str, one.rows))}", box=one.box)
        for index, one in boxes
    ]
    drawing = Drawing(shapes=shapes).model_dump_json()
    return replace(sample, box_classes=tuple(index for index, _ in boxes), annotations=(drawing,))


PREPARER = VindrCxr()
