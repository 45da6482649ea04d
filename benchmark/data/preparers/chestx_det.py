"""ChestX-Det, boxes and outlines of 13 findings on images of NIH ChestX-ray14 (docs/extended.md)."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter, ValidationError

from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.annotated_dataset import AnnotatedDataset
from lovt_bench.benchmark.data.drawn import TEST, TRAIN
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.inventory import relative_name
from lovt_bench.benchmark.data.layout import find_tables
from lovt_bench.benchmark.data.own.annotated import Annotated, AnnotatedImage
from lovt_bench.benchmark.data.own.classes import class_name
from lovt_bench.benchmark.data.own.folder import RawFolder
from lovt_bench.benchmark.data.own.shapes import MOST_SHAPES, Drawing, Shape
from lovt_bench.benchmark.data.own.text import faults_of, read_annotations
from lovt_bench.benchmark.data.tables import box_of_corners

TABLES = {TRAIN: "ChestX_Det_train.json", TEST: "ChestX_Det_test.json"}
GUIDE = "docs/extended.md"
LARGEST = 1 << 27
"""Bytes of one file."""
FINDINGS = (
    *("Atelectasis", "Calcification", "Cardiomegaly", "Consolidation", "Diffuse Nodule", "Effusion"),
    *("Emphysema", "Fibrosis", "Fracture", "Mass", "Nodule", "Pleural Thickening", "Pneumothorax"),
)


class _Entry(BaseModel):
    """One image: finding, box and outline of each object, in three lists."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    file_name: str = Field(min_length=1, max_length=255)
    syms: list[str]
    boxes: list[tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat]]
    polygons: list[list[tuple[FiniteFloat, FiniteFloat]]]


_ENTRIES = TypeAdapter(list[_Entry])


@dataclass(frozen=True)
class ChestXDet(AnnotatedDataset):
    """Raw layout: `ChestX_Det_train.json`, `ChestX_Det_test.json`, and the PNGs of both parts in any folders below."""

    name: str = "chestx-det"
    classes: tuple[str, ...] = tuple(map(class_name, FINDINGS))
    has_boxes: bool = True

    def annotated(self, folder: RawFolder) -> Annotated:
        """Return what the two files say."""
        paths = find_tables(folder.root, *([name] for name in TABLES.values()), guide=GUIDE)
        images = [
            image for part, path in zip(TABLES, paths, strict=True) for image in _images(folder, path, part)
        ]
        return Annotated(self.classes, images, tuple(paths))


def _images(folder: RawFolder, path: Path, part: str) -> Sequence[AnnotatedImage]:
    try:
        entries = _ENTRIES.validate_json(read_annotations(path, LARGEST).removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        raise DataError(
            f"{path}: not as ChestX-Det writes it: {faults_of(error)}; expected a list of file_name, syms, boxes and "
            "polygons; fetch it again"
        ) from error
    listed = relative_name(path, folder.root)
    images = []
    for number, entry in enumerate(entries):
        origin = f"{path.name} [{number}]"
        source, problem = folder.find(entry.file_name, origin, PurePosixPath(listed).parent.as_posix())
        image = AnnotatedImage(source, origin, split=part, problem=problem)
        try:
            image.drawing = Drawing(shapes=_shapes(entry, origin))
        except ValueError as error:
            image.flag(f"{origin}: {error}")
        images.append(image)
    return images


def _shapes(entry: _Entry, origin: str) -> list[Shape]:
    """Return the objects of an image.

    Raises:
        ValueError: Says which of them is not as expected.
    """
    counts = len(entry.syms), len(entry.boxes), len(entry.polygons)
    if len(set(counts)) > 1 or counts[0] > MOST_SHAPES:
        raise ValueError(
            f"{counts[0]} syms, {counts[1]} boxes and {counts[2]} polygons; expected as many of each, at most "
            f"{MOST_SHAPES}"
        )
    shapes = []
    for number, (finding, corners, points) in enumerate(
        zip(entry.syms, entry.boxes, entry.polygons, strict=True)
    ):
        if finding not in FINDINGS:
            raise ValueError(
                f"syms[{number}] is {clean_text(finding, 40)!r}; expected one of {', '.join(FINDINGS)}"
            )
        if len(points) < 3:
            raise ValueError(f"polygons[{number}] has {len(points)} points; expected 3 or more")
        try:
            box = box_of_corners(map(str, corners))
        except ValueError as error:
            raise ValueError(f"boxes[{number}]: {error}") from error
        outline = [coordinate for point in points for coordinate in point]
        shape = Shape(
            index=FINDINGS.index(finding), name=f"{origin} object {number}", box=box, polygons=[outline]
        )
        shapes.append(shape)
    return shapes


PREPARER = ChestXDet()
