"""COVID Rural: colour JPEGs of grey images and masks of 0 and 1, several images a patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from lovt_bench.benchmark.data.phantom.canvas import Canvas
from lovt_bench.benchmark.data.phantom.files import write_jpeg, write_png
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder
from lovt_bench.benchmark.data.phantom.layout import Layout, Settings, csv_text
from lovt_bench.benchmark.data.phantom.people import person_of
from lovt_bench.benchmark.data.phantom.randomness import stream
from lovt_bench.benchmark.data.phantom.requests import several
from lovt_bench.benchmark.data.phantom.scene import Scene, draw_picture

PATTERN = (1, 2, 1, 3, 1)
"""Images of consecutive patients."""


@dataclass(frozen=True)
class Record:
    """One image, and whom it shows."""

    name: str
    patient: str
    age: int
    sex: str


def write(folder: PhantomFolder, index: int, settings: Settings) -> Record:
    """Write one image and its mask; every image shows opacities."""
    person, number = person_of(index, PATTERN)
    rng = stream(settings.seed, "covid-rural", index, "plan")
    requests = several(("pneumonia", "infiltrate", "consolidation"), int(rng.integers(1, 5)), rng)
    aspect = rng.uniform(0.84, 1.19)
    height, width = round(settings.side / max(1, aspect)), round(settings.side * min(1, aspect))
    key = ("covid-rural", index)
    scene = Scene(settings.seed, ("covid-rural", "person", person), key, key, requests)
    picture = draw_picture(Canvas(height, width), scene)
    day = date(2012, 1, 3) + timedelta(days=7 * person + number)
    patient = f"COVID-19-AR-{16400000 + 37 * person}"
    name = f"{patient}_{day:%m-%d-%Y}-XR"
    write_jpeg(folder, f"jpgs/{name}.jpg", np.repeat(picture.pixels[..., None], 3, axis=2))
    mask = np.logical_or.reduce([finding.mask for finding in picture.drawn])
    write_png(folder, f"pngs_masks/{name}.png", mask.astype(np.uint8))
    return Record(name, patient, picture.patient.age, picture.patient.sex)


def finish(folder: PhantomFolder, records: Sequence[Record], settings: Settings) -> None:
    """Write the table of patients, one row each."""
    del settings
    rows = dict.fromkeys(f"{record.patient},{record.age},{record.sex}" for record in records)
    folder.write("covid_rural_patient_info.csv", csv_text("PATIENT_ID,AGE,SEX", rows))


LAYOUT = Layout("covid-rural", "COVID Rural", 20, write, finish, revision=1)
