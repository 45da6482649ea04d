"""CheXlocalize, outlines of ten findings on the validation and test images of CheXpert (docs/extended.md).

It is made to evaluate: there is no training part. Heads learn from its validation part and are measured on its test
part.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter, ValidationError

from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.annotated_dataset import AnnotatedDataset
from lovt_bench.benchmark.data.drawn import TEST, TRAIN
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.layout import find_tables
from lovt_bench.benchmark.data.own.annotated import Annotated, AnnotatedImage
from lovt_bench.benchmark.data.own.classes import class_name
from lovt_bench.benchmark.data.own.folder import RawFolder
from lovt_bench.benchmark.data.own.shapes import Drawing, RunLengths, Shape
from lovt_bench.benchmark.data.own.text import faults_of, read_annotations
from lovt_bench.benchmark.data.person import Person

TABLES = {TRAIN: "gt_segmentations_val.json", TEST: "gt_segmentations_test.json"}
FOLDERS = {TRAIN: ("val", "valid"), TEST: ("test",)}
"""Folders of CheXpert that hold the images of each part."""
GUIDE = "docs/extended.md"
LARGEST = 1 << 28
"""Bytes of one file."""
FINDINGS = (
    *(
        "Airspace Opacity",
        "Atelectasis",
        "Cardiomegaly",
        "Consolidation",
        "Edema",
        "Enlarged Cardiomediastinum",
    ),
    *("Lung Lesion", "Pleural Effusion", "Pneumothorax", "Support Devices"),
)
_IMAGE = re.compile(r"(patient\d+)/study\d+/view\d+_(frontal|lateral)\.jpe?g", re.IGNORECASE)
"""The end of an image's path; with `_` for `/` and without the ending, its key in the files."""
_MASKS = TypeAdapter(dict[str, dict[str, RunLengths]])


@dataclass(frozen=True)
class CheXlocalize(AnnotatedDataset):
    """Raw layout: `CheXlocalize/gt_segmentations_val.json`, `gt_segmentations_test.json`, and beside it
    `CheXpert/val/<patient>/<study>/<view>.jpg`, `CheXpert/test/…`.
    """

    notes = ("There is no training part: training and validation images are of the makers' validation part.",)

    name: str = "chexlocalize"
    classes: tuple[str, ...] = tuple(map(class_name, FINDINGS))
    has_boxes: bool = False

    def annotated(self, folder: RawFolder) -> Annotated:
        """Return the images of both parts; one that the files do not name shows none of the findings."""
        paths = find_tables(folder.root, *([name] for name in TABLES.values()), guide=GUIDE)
        images = []
        for part, path in zip(TABLES, paths, strict=True):
            masks = _masks(path)
            found = _pictures(folder, part)
            for key in sorted(found.keys() | masks.keys()):
                images.append(_image(folder, part, path, key, found.get(key), masks.get(key, {})))
        return Annotated(self.classes, images, tuple(paths))

    def people(self, found: Annotated) -> Mapping[str, Person]:
        """Return patient and view by the path of an image."""
        people = {}
        for image in found.images:
            if match := _IMAGE.search(image.source):
                view = "lateral" if match[2].lower() == "lateral" else None
                people[image.source] = Person(view=view, patient=f"chexpert:{match[1].lower()}")
        return people


def _masks(path: Path) -> dict[str, dict[str, RunLengths]]:
    try:
        return _MASKS.validate_json(read_annotations(path, LARGEST).removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        raise DataError(
            f"{path}: not as CheXlocalize writes it: {faults_of(error)}; expected size and counts by image and "
            "finding; fetch it again"
        ) from error


def _pictures(folder: RawFolder, part: str) -> dict[str, str]:
    """Return the paths of the images of a part by their keys.

    Raises:
        DataError: Two files are of one key: the small copy of CheXpert lies beside the full one, say.
    """
    found: dict[str, str] = {}
    for source in folder.pictures():
        match = _IMAGE.search(source)
        above = PurePosixPath(source[: match.start()]).name.lower() if match else ""
        if match and above in FOLDERS[part]:
            key = PurePosixPath(match[0]).with_suffix("").as_posix().replace("/", "_")
            if key in found:
                raise DataError(
                    f"{folder.root}: expected one file of each image, found {found[key]} and {source}; move one of "
                    "the two copies away from --raw (the masks are of the full size, not of CheXpert-small)"
                )
            found[key] = source
    return found


def _image(
    folder: RawFolder, part: str, path: Path, key: str, source: str | None, masks: Mapping[str, RunLengths]
) -> AnnotatedImage:
    shown = clean_text(key, 80)
    origin = f"{path.name} {shown!r}" if masks else f"{source}"
    image = AnnotatedImage(source or shown, origin, split=part, name=key if source else "")
    if source is None:
        place = "/".join((FOLDERS[part][0], *shown.split("_", 2)))
        image.flag(f"{origin}: image is missing; expected …/{place}.jpg in {folder.root}")
    for finding, runs in masks.items():
        if finding not in FINDINGS:
            image.flag(f"{origin}: {clean_text(finding, 40)!r}; expected one of {', '.join(FINDINGS)}")
            continue
        if not _is_empty(runs):
            shape = Shape(index=FINDINGS.index(finding), name=f"{origin} {finding}", runs=runs)
            image.drawing = Drawing(shapes=[*image.drawing.shapes, shape])
    return image


def _is_empty(runs: RunLengths) -> bool:
    """Say whether there is one run, of zeros: so the files write a finding that is not there, some of other sizes."""
    if isinstance(runs.counts, str):
        # A character holds five bits of a number, and a sixth while the number goes on (COCO's compression).
        return sum(not ord(letter) - 48 & 32 for letter in runs.counts) == 1
    return len(runs.counts) == 1


PREPARER = CheXlocalize()
