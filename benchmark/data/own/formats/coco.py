"""COCO JSON: one file, or one for each split (`instances_train.json`, `train/_annotations.coco.json`).

Category ids may be sparse. `iscrowd` regions fill the mask and give no box.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, PositiveInt, StrictStr, ValidationError

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.layout import holds
from lovt_bench.benchmark.data.own.annotated import Annotated as Found
from lovt_bench.benchmark.data.own.annotated import AnnotatedImage
from lovt_bench.benchmark.data.own.classes import class_names
from lovt_bench.benchmark.data.own.folder import RawFolder
from lovt_bench.benchmark.data.own.shapes import MOST_SHAPES, Drawing, RunLengths, Shape
from lovt_bench.benchmark.data.own.split_words import split_of
from lovt_bench.benchmark.data.own.text import faults_of, read_annotations

LARGEST = 1 << 29
"""Bytes; the largest file of COCO itself has 470 million."""
_WORDS = (b'"images"', b'"annotations"')

_Key = Annotated[StrictStr | int, Field(union_mode="left_to_right")]
"""`"007"` and `"7"` are two."""


class _Part(BaseModel):
    """Fields that are not read are allowed: every tool writes its own."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Image(_Part):
    id: _Key
    file_name: str = Field(min_length=1, max_length=4096)
    width: PositiveInt | None = None
    height: PositiveInt | None = None


class _Annotation(_Part):
    image_id: _Key
    category_id: _Key
    id: _Key | None = None
    bbox: list[FiniteFloat] | None = None
    segmentation: list[list[FiniteFloat]] | RunLengths | None = None
    iscrowd: int = Field(default=0, ge=0, le=1)


class _Category(_Part):
    id: _Key
    name: str


class _File(_Part):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


def read(folder: RawFolder) -> Found:
    """Return what the COCO files of a folder hold.

    Raises:
        DataError: There is no such file, several that name no split, or one that breaks the format.
    """
    return read_files(folder, _contents(folder))


def read_files(folder: RawFolder, contents: Mapping[str, bytes]) -> Found:
    """Return what COCO files hold.

    Args:
        contents: By path relative to the folder; where there are several, their names say the split.

    Raises:
        DataError: One breaks the format.
    """
    files = {path: _parsed(folder.root / path, content) for path, content in contents.items()}
    classes = _classes(files)
    images = []
    for path, file in files.items():
        images += _images(folder, path, file, classes, split_of(path) or "" if len(files) > 1 else "")
    crowds = sum(one.iscrowd for file in files.values() for one in file.annotations)
    remarks = [f"iscrowd regions, part of the masks and no boxes: {crowds}."] if crowds else []
    if same := sum(
        len(file.categories) - len({one.name for one in file.categories}) for file in files.values()
    ):
        remarks.append(f"categories with the name of another, taken as one class: {same}.")
    names = class_names(list(classes), ", ".join(files))
    return Found(names, images, tuple(folder.root / path for path in files), tuple(remarks))


def _contents(folder: RawFolder) -> dict[str, bytes]:
    """Return the files of annotations; other JSON files, which name no images and annotations, are passed over."""
    every = folder.files(".json")
    read = {path: read_annotations(folder.root / path, LARGEST) for path in every}
    paths = [path for path in every if len(every) == 1 or all(word in read[path] for word in _WORDS)]
    if not paths:
        raise DataError(
            f"{folder.root}: no .json file with images and annotations there or below; expected COCO annotations "
            f"beside the images (docs/own-data.md). {holds(folder.root)}"
        )
    if len(paths) > 1 and (odd := [path for path in paths if split_of(path) is None]):
        raise DataError(
            f"{folder.root}: {len(paths)} .json files, and {odd[0]} names no split; expected one file of annotations, "
            "or one for each of train, validation and test (as in instances_train.json); move the others away"
        )
    return {path: read[path] for path in paths}


def _parsed(path: Path, content: bytes) -> _File:
    try:
        return _File.model_validate_json(content.removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        raise DataError(
            f"{path}: not COCO JSON: {faults_of(error)}; expected images, annotations and categories"
        ) from error


def _classes(files: dict[str, _File]) -> dict[str, int]:
    """Return the categories by name, numbered in the order of their ids."""
    listed: dict[str, None] = {}
    for path, file in files.items():
        if len({one.id for one in file.categories}) < len(file.categories):
            raise DataError(f"{path}: two categories have the same id; give each its own")
        ordered = sorted(file.categories, key=lambda one: (isinstance(one.id, str), one.id))
        listed |= dict.fromkeys(one.name for one in ordered)
    return {name: index for index, name in enumerate(listed)}


def _images(
    folder: RawFolder, path: str, file: _File, classes: dict[str, int], split: str
) -> list[AnnotatedImage]:
    beside = PurePosixPath(path).parent.as_posix()
    by_id: dict[int | str, AnnotatedImage] = {}
    for number, one in enumerate(file.images):
        origin = f"{path} images[{number}]"
        if one.id in by_id:
            raise DataError(
                f"{folder.root / path}: images[{number}] has the id {one.id!r} of {by_id[one.id].origin}; give each "
                "image its own"
            )
        source, problem = folder.find(one.file_name, origin, beside)
        size = (one.height, one.width) if one.height and one.width else None
        by_id[one.id] = AnnotatedImage(source, origin, Drawing(size=size), split=split, problem=problem)
    categories = {one.id: one.name for one in file.categories}
    shapes: dict[int | str, list[Shape]] = {}
    for number, item in enumerate(file.annotations):
        name = f"{path} annotations[{number}]"
        image = by_id.get(item.image_id)
        if image is None:
            raise DataError(
                f"{folder.root / path}: annotations[{number}]: no image has the id {item.image_id!r}"
            )
        if item.category_id not in categories:
            image.flag(f"{name}: no category has the id {item.category_id!r}")
            continue
        try:
            shapes.setdefault(item.image_id, []).append(
                _shape(item, classes[categories[item.category_id]], name)
            )
        except ValueError as error:
            image.flag(f"{name}: {error}")
    for key, found in shapes.items():
        if len(found) > MOST_SHAPES:
            by_id[key].flag(f"{by_id[key].origin}: {len(found)} annotations; at most {MOST_SHAPES} are read")
            continue
        by_id[key].drawing = by_id[key].drawing.model_copy(update={"shapes": found})
    return list(by_id.values())


def _shape(item: _Annotation, index: int, name: str) -> Shape:
    """Return the object of an annotation.

    Raises:
        ValueError: Says what of it is not as expected.
    """
    # Exporters write [[]] where there is no outline.
    polygons = [one for one in item.segmentation if one] if isinstance(item.segmentation, list) else []
    runs = item.segmentation if isinstance(item.segmentation, RunLengths) else None
    if odd := [polygon for polygon in polygons if len(polygon) < 6 or len(polygon) % 2]:
        raise ValueError(f"a polygon needs at least 3 points x y, found {len(odd[0])} numbers")
    box = None
    if item.bbox:
        if len(item.bbox) != 4:
            raise ValueError(f"bbox needs four numbers x, y, width, height, found {len(item.bbox)}")
        x, y, w, h = item.bbox
        if w <= 0 or h <= 0:
            raise ValueError(f"sides of a bbox must be positive, found width {w:g}, height {h:g}")
        box = (x, y, w, h)
    if box is None and not polygons and runs is None and not item.iscrowd:
        raise ValueError("bbox is missing; expected [x, y, width, height]")
    return Shape(index=index, name=name, box=box, polygons=polygons, runs=runs, crowd=bool(item.iscrowd))
