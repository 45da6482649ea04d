"""NIH ChestX-ray14, images with pathology boxes and a draw of *No Finding* images (datasets.md section 6).

Under `nih_split_groups: separate` the two groups are split apart, so that patients may be in two splits.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.box_masks import box_mask
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.images import decode_grey
from lovt_bench.benchmark.data.inventory import Inventory, take_inventory
from lovt_bench.benchmark.data.layout import find_tables, image_folders
from lovt_bench.benchmark.data.nih_mapping import nih_patient
from lovt_bench.benchmark.data.person import UNKNOWN, Person, age_of, sex_of, view_of
from lovt_bench.benchmark.data.samples import Collector, Listing, RawImage, Sample
from lovt_bench.benchmark.data.splits import by_patient
from lovt_bench.benchmark.data.tables import parse_box, read_table, safe_id
from lovt_bench.benchmark.data.walk import PNG

BOXES, TEST_LIST = "BBox_List_2017.csv", "test_list.txt"
ENTRIES = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")
IMAGES = ("images", "images_*")
BOX_COLUMNS = ("Bbox [x", "y", "w", "h]")
"""The header writes `Bbox [x,y,w,h]`, which a CSV reader takes apart."""
ENTRY_COLUMNS = (
    *("Follow-up #", "Patient ID", "Patient Age", "Patient Gender", "Patient Sex", "View Position"),
    *("OriginalImage[Width", "Height]", "OriginalImagePixelSpacing[x", "y]"),
)
ANNOTATED, NO_FINDING = "annotated", "no-finding"
CLASSES = (
    *("Atelectasis", "Cardiomegaly", "Effusion", "Infiltrate"),
    *("Mass", "Nodule", "Pneumonia", "Pneumothorax"),
)


@dataclass(frozen=True)
class NihCxr:
    """Raw layout: `images/images_01…12/images/*.png`, `images_001…012/images/*.png` or `images/*.png`, and beside them
    `BBox_List_2017.csv`, `Data_Entry_2017_v2020.csv`.

    `test_list.txt` limits the *No Finding* images; without it they come from all such rows with a file.
    """

    name: str = "nih-cxr"
    classes: tuple[str, ...] = CLASSES
    has_boxes: bool = True

    def scan(self, raw: Path) -> Listing:
        """List annotated images, then every *No Finding* candidate; `draw` chooses among the latter."""
        labels = find_tables(raw, [BOXES], ENTRIES)
        inventory = take_inventory(raw, image_folders(raw, labels[0], *IMAGES), PNG, labels)
        boxes = read_table(labels[0], ["Image Index", "Finding Label", *BOX_COLUMNS])
        entries = read_table(labels[1], ["Image Index", "Finding Labels"], ENTRY_COLUMNS)
        found, notes = Collector(), []
        people: dict[str, Person] = {}
        for number, row in boxes:
            file, origin = row["Image Index"].strip(), f"{boxes.path.name} row {number}"
            if Path(file).stem not in found.samples:
                found.add(_new_sample(file, inventory, origin, ANNOTATED))
            found.append(Path(file).stem, origin, partial(_with_box, row=row))
        test_list = boxes.path.with_name(TEST_LIST)
        listed = _test_list(test_list)
        if listed is None:
            notes.append(
                f"No {TEST_LIST}: No Finding images are drawn from all such rows with an image file."
            )
        for number, row in entries:
            file = row["Image Index"].strip()
            if (name := Path(file).stem) in inventory.images:
                person = _person(file, row)
                people[name] = people.get(name, person).agreed(person)
            chosen = Path(file).stem in inventory.images if listed is None else file in listed
            if row["Finding Labels"].strip() == "No Finding" and chosen:
                if Path(file).stem in found.samples and found.samples[Path(file).stem].pool == ANNOTATED:
                    continue
                found.add(_new_sample(file, inventory, f"{entries.path.name} row {number}", NO_FINDING))
        unlisted = f"neither in {BOXES} nor a No Finding image" + (f" of {TEST_LIST}" * (listed is not None))
        files = [*labels, *([] if listed is None else [test_list])]
        remarks = [*boxes.remarks(), *entries.remarks()]
        samples = {
            name: replace(sample, person=people.get(name, UNKNOWN)) for name, sample in found.samples.items()
        }
        return Listing.of(samples, inventory, unlisted, files, notes, remarks, patients_known=True)

    def draw(
        self, samples: Sequence[Sample], protocol: DataProtocol, seed: int
    ) -> dict[SplitName, list[str]]:
        groups = {pool: [s for s in samples if s.pool == pool] for pool in (ANNOTATED, NO_FINDING)}
        wanted = min(protocol.nih_no_finding_images, len(groups[NO_FINDING]))
        groups[NO_FINDING] = random.Random(seed).sample(groups[NO_FINDING], wanted)
        parts = list(groups.values())
        if protocol.nih_split_groups == "joint":
            parts = [parts[0] + parts[1]]
        drawn: dict[SplitName, list[str]] = {split: [] for split in SPLIT_NAMES}
        for part in parts:
            ids, patients = [sample.id for sample in part], [sample.patient for sample in part]
            split_of = by_patient(ids, patients, protocol.test_fraction, protocol.validation_fraction, seed)
            for split in SPLIT_NAMES:
                drawn[split] += split_of[split]
        return drawn

    def read(self, sample: Sample, content: bytes, protocol: DataProtocol) -> RawImage:
        pixels = decode_grey(content)
        classes = np.array(sample.box_classes)
        boxes = np.array(sample.boxes).reshape(-1, 4)
        masks = [box_mask(boxes[classes == c], *pixels.shape) for c in range(len(CLASSES))]
        return RawImage(pixels, masks)

    def stored_boxes(self, boxes: np.ndarray, protocol: DataProtocol) -> np.ndarray:
        return boxes


def _new_sample(file: str, inventory: Inventory, origin: str, pool: str) -> Sample:
    name, expected = Path(file).stem, inventory.folders[0] / "missing.png"
    image, problem = inventory.find(name, expected, origin)
    if not safe_id(file) or not file.lower().endswith(".png"):
        image, problem = expected, f"{origin}: image index {file!r} must be a file name that ends with .png"
    elif name not in inventory.images:
        problem = f"{origin}: {file} is in none of the folders images, images_* or below"
    return Sample(name, image, origin, patient=name[:8], pool=pool, problem=problem)


def _person(file: str, row: dict[str, str]) -> Person:
    return Person(
        sex=sex_of(row.get("Patient Gender") or row.get("Patient Sex", "")),
        age=age_of(row.get("Patient Age", "")),
        view=view_of(row.get("View Position", "")),
        patient=nih_patient(file),
    )


def _with_box(sample: Sample, row: dict[str, str]) -> Sample:
    label = row["Finding Label"].strip()
    if label not in CLASSES:
        raise ValueError(f"finding must be one of {', '.join(CLASSES)}, found {label!r}")
    box = parse_box(row[column] for column in BOX_COLUMNS)
    return replace(
        sample,
        boxes=(*sample.boxes, box),
        box_classes=(*sample.box_classes, CLASSES.index(label)),
    )


def _test_list(path: Path) -> set[str] | None:
    if not path.is_file():
        return None
    try:
        return {line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()}
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not a UTF-8 text: {error}") from error


PREPARER = NihCxr()
