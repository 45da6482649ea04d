"""COVID Rural, opacity segmentation of COVID-19-AR images (datasets.md section 4). Masks are PNGs, not GIFs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.errors import BadImageError, DataError
from lovt_bench.benchmark.data.images import decode_channel_mean, decode_values, read_bytes
from lovt_bench.benchmark.data.inventory import relative_name, take_inventory
from lovt_bench.benchmark.data.layout import find_folder, find_optional
from lovt_bench.benchmark.data.person import Person, age_of, sex_of
from lovt_bench.benchmark.data.samples import Listing, RawImage, Sample
from lovt_bench.benchmark.data.splits import by_patient
from lovt_bench.benchmark.data.tables import read_table, safe_id
from lovt_bench.benchmark.data.walk import JPEG, PNG

IMAGES, MASKS = "jpgs", "pngs_masks"
PREFIX = "COVID-19-AR-"
PATIENTS = "covid_rural_patient_info.csv"


@dataclass(frozen=True)
class CovidRural:
    """Raw layout: `jpgs/COVID-19-AR-<patient>_<date>-XR….jpg`, `pngs_masks/<same name>.png`.

    `covid_rural_patient_info.csv` beside the folders is optional. No table tells the view of an image.
    """

    name: str = "covid-rural"
    classes: tuple[str, ...] = ("opacity",)
    has_boxes: bool = False

    def scan(self, raw: Path) -> Listing:
        """List the images in the order of their names; images without a mask are dropped, with a note."""
        images = find_folder(raw, IMAGES)
        root, mask_folder = images.parent, find_folder(images.parent, MASKS)
        inventory = take_inventory(raw, [images], JPEG)
        masks = take_inventory(raw, [mask_folder], PNG)
        table = find_optional(root, PATIENTS)
        people = {} if table is None else _people(table)
        samples, without_mask = {}, []
        for name in sorted(inventory.images, key=lambda name: f"{name}.jpg"):
            image = inventory.images[name][0]
            if not name.startswith(PREFIX) or not safe_id(name):
                raise DataError(f"{image}: name must begin with {PREFIX}; move other files out of {IMAGES}/")
            if name not in masks.images:
                without_mask.append(name)
                continue
            origin = relative_name(image, root)
            mask, no_mask = masks.find(name, mask_folder, origin)
            _, problem = inventory.find(name, image, origin)
            patient = name.split("_")[0]
            person = people.get(patient, Person(patient=f"{self.name}:{patient}"))
            samples[name] = Sample(
                name, image, origin, patient, mask=mask, problem=problem or no_mask, person=person
            )
        notes = [f"{len(without_mask)} images have no mask and were dropped: {', '.join(without_mask[:5])}"]
        remarks = [
            f"{MASKS}: {one.images} left out: {one.reason} ({', '.join(one.examples)})."
            for one in masks.unlisted(samples, "a mask without an image")
        ]
        return Listing.of(
            samples,
            inventory,
            f"no mask in {MASKS}",
            [] if table is None else [table],
            notes=notes if without_mask else [],
            remarks=remarks,
            patients_known=True,
        )

    def draw(
        self, samples: Sequence[Sample], protocol: DataProtocol, seed: int
    ) -> dict[SplitName, list[str]]:
        ids, patients = [sample.id for sample in samples], [sample.patient for sample in samples]
        return by_patient(ids, patients, protocol.test_fraction, protocol.validation_fraction, seed)

    def read(self, sample: Sample, content: bytes, protocol: DataProtocol) -> RawImage:
        pixels = decode_channel_mean(content)
        assert sample.mask is not None
        mask = decode_values(read_bytes(sample.mask))
        if mask.shape != pixels.shape:
            raise BadImageError(f"mask {sample.mask} has size {mask.shape}, the image {pixels.shape}")
        values = np.unique(mask)
        if not np.isin(values, (0, 1)).all():
            raise BadImageError(f"mask {sample.mask} must hold 0 and 1, found {values[:6].tolist()}")
        return RawImage(pixels, [mask.astype(np.uint8)], masks_are_gifs=False)

    def stored_boxes(self, boxes: np.ndarray, protocol: DataProtocol) -> np.ndarray:
        return boxes


def _people(path: Path) -> dict[str, Person]:
    """Return what the table says of each patient; where rows contradict each other, that is not known."""
    people: dict[str, Person] = {}
    for _, row in read_table(path, ["PATIENT_ID", "AGE", "SEX"], others=True):
        patient = row["PATIENT_ID"].strip()
        person = Person(sex_of(row["SEX"]), age_of(row["AGE"]), patient=f"{PREPARER.name}:{patient}")
        people[patient] = people.get(patient, person).agreed(person)
    return people


PREPARER = CovidRural()
