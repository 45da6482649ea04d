"""YOLO text: `<image>.txt` with one object a line, `class x y width height` or, as an outline, `class x y x y x y …`.

Numbers are shares of the image's width and height; x y of a box is its centre. Names of classes stand in `data.yaml`
(`names`) or, one a line, in `classes.txt` or `obj.names`. An image without a text, or with an empty one, is a negative.
"""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath

import yaml

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.layout import holds
from lovt_bench.benchmark.data.own.annotated import Annotated, AnnotatedImage
from lovt_bench.benchmark.data.own.classes import class_lines, class_names
from lovt_bench.benchmark.data.own.folder import RawFolder
from lovt_bench.benchmark.data.own.shapes import MOST_SHAPES, Drawing, Shape
from lovt_bench.benchmark.data.own.text import read_annotations, read_lines

NAMES = ("data.yaml", "data.yml", "classes.txt", "obj.names", "classes.names")
OTHERS = frozenset({"train.txt", "val.txt", "valid.txt", "test.txt"})
"""Lists of files, which exports have beside the labels; labels where an image has the name."""
LARGEST = 1 << 22
"""Bytes of one file."""
LONGEST_NAMES = 64 * 1024


def read(folder: RawFolder) -> Annotated:
    """Return what the label texts of a folder say.

    Raises:
        DataError: There is none, no file names the classes, or one cannot be read.
    """
    pictures = {PurePosixPath(path).stem for path in folder.pictures()}
    paths = [path for path in folder.files(".txt") if _is_label(PurePosixPath(path), pictures)]
    if not paths:
        raise DataError(
            f"{folder.root}: no label text (.txt) there or below; expected one for each image (docs/own-data.md). "
            f"{holds(folder.root)}"
        )
    listed = _names_file(folder)
    names = _names(listed)
    images = {path: AnnotatedImage(path, path) for path in folder.pictures()}
    stems: dict[str, list[str]] = {}
    for path in images:
        stems.setdefault(PurePosixPath(path).with_suffix("").as_posix(), []).append(path)
    labelled: dict[str, str] = {}
    for path in paths:
        source, problem = _image(folder, path, stems)
        image = images.setdefault(source, AnnotatedImage(source, path))
        if problem:
            image.flag(problem)
        if source in labelled:
            image.flag(f"{path}: image {source} has a second text, the first is {labelled[source]}")
        labelled[source] = image.origin = path
        try:
            image.drawing = _drawing(read_lines(folder.root / path, LARGEST), len(names), path)
        except ValueError as error:
            image.flag(str(error))
    without = len(images) - len(labelled)
    remarks = (f"images without a text: {without}.",) if without else ()
    files = (listed, *(folder.root / path for path in paths))
    return Annotated(class_names(names, str(listed)), list(images.values()), files, remarks)


def _is_label(path: PurePosixPath, pictures: set[str]) -> bool:
    name = path.name.lower()
    is_other = name in OTHERS or name.startswith(("readme", "notes"))
    return name not in NAMES and (path.stem in pictures or not is_other)


def _image(folder: RawFolder, path: str, stems: dict[str, list[str]]) -> tuple[str, str | None]:
    """Return the image of a text: in the folder `images` that mirrors `labels`, beside it, or the one of its name."""
    mirrored = ["images" if part == "labels" else part for part in PurePosixPath(path).parts]
    place = PurePosixPath(*mirrored)
    same = stems.get(place.with_suffix("").as_posix(), [])
    return (same[0], None) if len(same) == 1 else folder.called(place.stem, path, place.parent.as_posix())


def _names_file(folder: RawFolder) -> Path:
    found = [path for name in NAMES for path in folder.entries if PurePosixPath(path).name.lower() == name]
    if not found:
        raise DataError(
            f"{folder.root}: no file names the classes; expected data.yaml with `names`, or classes.txt with one "
            f"name a line. {holds(folder.root)}"
        )
    return folder.root / found[0]


def _names(path: Path) -> list[str]:
    if path.suffix.lower() not in (".yaml", ".yml"):
        return class_lines(path, LONGEST_NAMES)
    try:
        content = yaml.safe_load(read_annotations(path, LONGEST_NAMES))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not YAML: {str(error).splitlines()[0]}") from error
    if isinstance(content, dict) and content.get("kpt_shape"):
        raise DataError(f"{path}: `kpt_shape`: the labels are keypoints; export them as boxes or outlines")
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, dict) and sorted(names, key=str) == sorted(range(len(names)), key=str):
        names = [names[index] for index in range(len(names))]
    if not isinstance(names, list) or not all(isinstance(name, str | int) for name in names):
        raise DataError(
            f"{path}: expected `names`, a list of names of classes or a mapping from 0, 1, … to them"
        )
    return list(map(str, names))


def _drawing(lines: list[str], classes: int, path: str) -> Drawing:
    """Return what a label text describes.

    Raises:
        ValueError: Says which line is not as expected.
    """
    shapes = [
        _shape(line.split(), classes, f"{path} line {number}")
        for number, line in enumerate(lines, start=1)
        if line
    ]
    if len(shapes) > MOST_SHAPES:
        raise ValueError(f"{path}: {len(shapes)} objects; at most {MOST_SHAPES} are read")
    return Drawing(relative=True, shapes=shapes)


def _shape(fields: list[str], classes: int, name: str) -> Shape:
    try:
        index, numbers = int(fields[0]), [float(field) for field in fields[1:]]
    except ValueError:
        raise ValueError(f"{name}: numbers expected, found {' '.join(fields)[:60]!r}") from None
    if not 0 <= index < classes:
        raise ValueError(f"{name}: class {index}; expected 0 to {classes - 1}")
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"{name}: numbers must be finite")
    if len(numbers) >= 6 and len(numbers) % 2 == 0:
        return Shape(index=index, name=name, polygons=[numbers])
    if len(numbers) != 4:
        raise ValueError(
            f"{name}: expected `class x y width height` or at least 3 points x y, found {len(numbers)} numbers"
        )
    x, y, width, height = numbers
    if width <= 0 or height <= 0:
        raise ValueError(f"{name}: sides must be positive, found width {width:g}, height {height:g}")
    return Shape(index=index, name=name, box=(x - width / 2, y - height / 2, width, height))
