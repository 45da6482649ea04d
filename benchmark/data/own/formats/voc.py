"""Pascal VOC XML: one file of boxes for each image. An image without a file is a negative.

Corners count pixels from 1, as VOC's do: a box from 1 to the width of the image covers it whole.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from xml.etree.ElementTree import Element

from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.layout import holds
from lovt_bench.benchmark.data.own.annotated import Annotated, AnnotatedImage
from lovt_bench.benchmark.data.own.classes import class_names
from lovt_bench.benchmark.data.own.folder import RawFolder
from lovt_bench.benchmark.data.own.shapes import MOST_SHAPES, Drawing, Shape
from lovt_bench.benchmark.data.own.text import read_annotations
from lovt_bench.benchmark.data.own.xml import parse_xml
from lovt_bench.benchmark.data.tables import parse_box

LARGEST = 1 << 22
"""Bytes of one file."""
CORNERS = ("xmin", "ymin", "xmax", "ymax")
SEGMENTATIONS = frozenset({"SegmentationClass", "SegmentationObject"})
"""Folders of VOC whose pictures are no X-rays."""


def read(folder: RawFolder) -> Annotated:
    """Return what the XML files of a folder say.

    Raises:
        DataError: There is none, or one cannot be read.
    """
    paths = folder.files(".xml")
    if not paths:
        raise DataError(
            f"{folder.root}: no .xml file there or below; expected one for each image (docs/own-data.md). "
            f"{holds(folder.root)}"
        )
    images = {path: AnnotatedImage(path, path) for path in folder.pictures(without=SEGMENTATIONS)}
    roots: dict[str, tuple[AnnotatedImage, Element]] = {}
    labelled: dict[str, str] = {}
    for path in paths:
        try:
            root = parse_xml(read_annotations(folder.root / path, LARGEST))
        except ValueError as error:
            raise DataError(f"{folder.root / path}: {error}") from error
        if root.tag != "annotation":
            raise DataError(
                f"{folder.root / path}: <annotation> expected, found <{clean_text(root.tag, 40)}>; move other XML away"
            )
        source, problem = _image(folder, path, root)
        image = images.setdefault(source, AnnotatedImage(source, path))
        if problem:
            image.flag(problem)
        if (first := labelled.setdefault(source, path)) != path:
            image.flag(f"{path}: image {source} has a second file of annotations, the first is {first}")
        image.origin = path
        roots[path] = (image, root)
    words = {_text(one, "name") for _, root in roots.values() for one in root.iter("object")}
    names = sorted(words - {""})
    classes = class_names(names, f"{folder.root}: <name> of the objects")
    for path, (image, root) in roots.items():
        try:
            image.drawing = _drawing(root, names, path)
        except ValueError as error:
            image.flag(f"{path}: {error}")
    remarks = []
    if without := len(images) - len(roots):
        remarks.append(f"images without an .xml file: {without}.")
    return Annotated(
        classes, list(images.values()), tuple(folder.root / path for path in paths), tuple(remarks)
    )


def _image(folder: RawFolder, path: str, root: Element) -> tuple[str, str | None]:
    """Return the image of a file: the one that it names, else the one that is called as it is; never one of two."""
    named, beside = _text(root, "filename"), PurePosixPath(path).parent.as_posix()
    found, missing = folder.called(PurePosixPath(path).stem, path, beside, SEGMENTATIONS)
    if not named:
        return found, missing
    source, problem = folder.find(named, path, beside)
    if missing:
        return source, problem
    if problem is None and found != source:
        return found, f"{path}: <filename> says {source}, but the file is called as {found}; mend one of them"
    if (
        problem
        and (folders := PurePosixPath(named).parts[:-1])
        and folders[0] != "/"
        and PurePosixPath(named).name == PurePosixPath(found).name
    ):
        return source, problem
    return found, None


def _drawing(root: Element, names: list[str], path: str) -> Drawing:
    """Return what a file describes.

    Raises:
        ValueError: Says which object is not as expected.
    """
    size = None
    if (given := root.find("size")) is not None:
        width, height = _whole(given, "width"), _whole(given, "height")
        size = (height, width) if width and height else None
    objects = root.findall("object")
    if len(objects) > MOST_SHAPES:
        raise ValueError(f"{len(objects)} objects; at most {MOST_SHAPES} are read")
    shapes = []
    for number, one in enumerate(objects, start=1):
        if (name := _text(one, "name")) not in names:
            raise ValueError(f"object {number}: <name> is missing")
        box = one.find("bndbox")
        corners = [] if box is None else [_text(box, corner) for corner in CORNERS]
        try:
            left, top, right, bottom = (float(corner) for corner in corners)
        except ValueError:
            raise ValueError(
                f"object {number}: <bndbox> needs {', '.join(CORNERS)}, found {corners}"
            ) from None
        try:
            sides = parse_box(map(str, (left - 1, top - 1, right - left + 1, bottom - top + 1)))
        except ValueError as error:
            raise ValueError(f"object {number}: {error}") from error
        shapes.append(Shape(index=names.index(name), name=f"{path} object {number}", box=sides))
    return Drawing(size=size, shapes=shapes)


def _text(element: Element, name: str) -> str:
    return (element.findtext(name) or "").strip()


def _whole(element: Element, name: str) -> int:
    text = _text(element, name)
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError(f"<{name}> of <size> must be a whole number, found {clean_text(text, 40)!r}")
    return int(text)
