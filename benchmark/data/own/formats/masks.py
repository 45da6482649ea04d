"""Mask files in a folder `masks`: one for each image and class, or one whose values are classes.

`masks/<class>/<image>.png`: everything but 0 is the class. `masks/<image>.png`: with `classes.txt`, value 1 is its
first line, 2 its second; without, everything but 0 is one class. `<image>_mask.png` is read alike. An image without a
mask is a negative.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from lovt_bench.benchmark.data.corpus.pairs import SPLIT_WORDS
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.layout import holds
from lovt_bench.benchmark.data.own.annotated import Annotated, AnnotatedImage
from lovt_bench.benchmark.data.own.classes import class_lines, class_names
from lovt_bench.benchmark.data.own.folder import RawFolder

FOLDERS = frozenset({"masks", "Masks", "mask", "Mask"})
CLASSES = "classes.txt"
ONE = "finding"
"""How the class is called where nothing names it."""
LONGEST = 64 * 1024
"""Bytes of `classes.txt`."""
ENDINGS = (".png", ".bmp", ".tif", ".tiff")
"""Without loss: a JPEG has other values than were drawn."""


def read(folder: RawFolder) -> Annotated:
    """Return what the mask files of a folder mark.

    Raises:
        DataError: There is no mask, or masks of both kinds.
    """
    found = [path for path in folder.pictures() if set(PurePosixPath(path).parts[:-1]) & FOLDERS]
    if not found:
        raise DataError(
            f"{folder.root}: no folder `masks` with images there or below (docs/own-data.md). {holds(folder.root)}"
        )
    if odd := [path for path in found if PurePosixPath(path).suffix.lower() not in ENDINGS]:
        raise DataError(f"{folder.root / odd[0]}: a mask must be stored without loss; save it as PNG")
    within = {path: _within(path) for path in found}
    if len({len(parts) > 1 for parts in within.values()}) > 1:
        plain, deep = (
            next(path for path in found if (len(within[path]) > 1) == more) for more in (False, True)
        )
        raise DataError(
            f"{folder.root}: {plain} lies in `masks` itself, {deep} in a folder of a class; expected one or the other"
        )
    listed = folder.root / CLASSES
    files = (listed,) if listed.is_file() else ()
    names = class_lines(listed, LONGEST) if files else []
    in_folders = len(within[found[0]]) > 1
    if in_folders:
        names = names or sorted({parts[0] for parts in within.values()})
        if strange := [path for path, parts in within.items() if parts[0] not in names]:
            raise DataError(
                f"{folder.root / strange[0]}: {CLASSES} names no class {within[strange[0]][0]!r}; add it"
            )
    classes = class_names(names or [ONE], CLASSES if files else f"{folder.root}/masks")
    images = {path: AnnotatedImage(path, path) for path in folder.pictures(without=FOLDERS)}
    for path in found:
        stem = PurePosixPath(path).stem
        source, problem = folder.called(stem.removesuffix("_mask"), path, _above(path), FOLDERS)
        image = images.setdefault(source, AnnotatedImage(source, path))
        if problem:
            image.flag(problem)
        elif in_folders:
            image.masks.append((names.index(within[path][0]), folder.root / path))
        else:
            _take(image, folder.root / path, indexed=len(names) > 1)
    return Annotated(classes, list(images.values()), files)


def _take(image: AnnotatedImage, path: Path, *, indexed: bool) -> None:
    if image.indexed or image.masks:
        image.flag(f"{image.source}: two masks, {path.name} is the second; expected one")
    elif indexed:
        image.indexed = path
    else:
        image.masks.append((0, path))


def _within(path: str) -> tuple[str, ...]:
    """Return the parts of a path below the folder of masks; folders of splits in between do not count."""
    parts = PurePosixPath(path).relative_to(_above(path)).parts
    folders = [part for part in parts[1:-1] if part.lower() not in SPLIT_WORDS]
    return (*folders, parts[-1])


def _above(path: str) -> str:
    """Return the folder that the folder of masks lies in."""
    return next(one.parent for one in reversed(PurePosixPath(path).parents) if one.name in FOLDERS).as_posix()
