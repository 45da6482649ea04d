"""NIH ChestX-ray14: PNGs in numbered folders, some of them RGBA, a box table with an odd header."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy.lungs import SIDES
from lovt_bench.benchmark.data.phantom.canvas import Canvas
from lovt_bench.benchmark.data.phantom.files import write_png
from lovt_bench.benchmark.data.phantom.findings import Box, Request
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder
from lovt_bench.benchmark.data.phantom.layout import Layout, Settings, csv_text
from lovt_bench.benchmark.data.phantom.people import person_of
from lovt_bench.benchmark.data.phantom.randomness import stream
from lovt_bench.benchmark.data.phantom.scene import Scene, draw_picture

CLASSES = (
    *("Atelectasis", "Cardiomegaly", "Effusion", "Infiltrate"),
    *("Mass", "Nodule", "Pneumonia", "Pneumothorax"),
)
ENTRY_NAMES = {"Infiltrate": "Infiltration"}
"""The entry table calls it otherwise than the box table."""

PATTERN = (1, 2, 1, 3, 3, 1, 2, 1, 3, 2, 1)
"""Images of consecutive patients, 20 together. Every tenth image has no finding; half of these share a
patient with annotated images."""


@dataclass(frozen=True)
class Record:
    """One image."""

    name: str
    person: int
    number: int
    boxes: tuple[tuple[str, Box], ...]
    sex: str
    age: int
    view: str
    listed: bool
    """Whether it stands in `test_list.txt`."""


def _requests(index: int, rng: np.random.Generator) -> tuple[Request, ...]:
    """Choose one to three classes; the first goes through all eight in turn."""
    if index % 10 == 9:
        return ()
    first = (index - index // 10) % len(CLASSES)
    others = [number for number in rng.permutation(len(CLASSES)) if number != first]
    count = int(rng.choice([1, 2, 3], p=[0.45, 0.38, 0.17]))
    side = int(rng.integers(2))
    chosen = [first, *others][:count]
    return tuple(
        Request(CLASSES[number].lower(), SIDES[(side + turn) % 2]) for turn, number in enumerate(chosen)
    )


def _loose(box: Box, size: int, rng: np.random.Generator) -> Box:
    """Return the box with a margin of up to two pixels, as drawn by hand; inside the image."""
    x, y, w, h = box
    margin = rng.uniform(0, 2, 4)
    left, top = max(0.0, x - margin[0]), max(0.0, y - margin[1])
    right, bottom = min(size, x + w + margin[2]), min(size, y + h + margin[3])
    return float(left), float(top), float(right - left), float(bottom - top)


def write(folder: PhantomFolder, index: int, settings: Settings) -> Record:
    """Write one PNG."""
    rng = stream(settings.seed, "nih-cxr", index, "plan")
    requests = _requests(index, rng)
    person, number = person_of(index, PATTERN)
    key = ("nih-cxr", index)
    scene = Scene(settings.seed, ("nih-cxr", "person", person), key, key, requests)
    picture = draw_picture(Canvas(settings.side, settings.side), scene)
    name = f"{person + 1:08d}_{number:03d}.png"
    pixels = picture.pixels
    if index % 11 == 3:
        grey = np.repeat(pixels[..., None], 3, axis=2)
        pixels = np.concatenate([grey, np.full_like(grey[..., :1], 255)], axis=2)
    write_png(folder, f"images/images_{1 + person % 12:02d}/images/{name}", pixels)
    labels = {label.lower(): label for label in CLASSES}
    boxes = tuple(
        (labels[found.place.kind], _loose(found.box, settings.side, rng))
        for found in picture.drawn
        if found.box
    )
    patient = picture.patient
    return Record(name, person + 1, number, boxes, patient.sex, patient.age, patient.view, index % 40 != 39)


def finish(folder: PhantomFolder, records: Sequence[Record], settings: Settings) -> None:
    """Write the box table, the entry table and the test list."""
    boxes = [
        f"{record.name},{label},{','.join(str(round(value, 12)) for value in box)}"
        for label in CLASSES  # the original is sorted by class
        for record in records
        for found, box in record.boxes
        if found == label
    ]
    entries = []
    for record in records:
        labels = "|".join(sorted(ENTRY_NAMES.get(label, label) for label, _ in record.boxes)) or "No Finding"
        fixed = f"{record.number},{record.person},{record.age},{record.sex},{record.view}"
        spacing = round(400 / settings.side, 3)
        entries.append(f"{record.name},{labels},{fixed},{settings.side},{settings.side},{spacing},{spacing}")
    header = "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    header += "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
    folder.write("BBox_List_2017.csv", csv_text("Image Index,Finding Label,Bbox [x,y,w,h],,,", boxes))
    folder.write("Data_Entry_2017_v2020.csv", csv_text(header, entries))
    listed = [record.name for record in records if record.listed]
    folder.write("test_list.txt", ("\n".join(listed) + "\n").encode())


LAYOUT = Layout("nih-cxr", "NIH ChestX-ray14 with boxes", 40, write, finish)
