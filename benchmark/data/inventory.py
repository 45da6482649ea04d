"""The images of a raw folder by ID, and what else lies there: nothing is lost without a count."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lovt_bench.benchmark.contract.dataset import ImageCounts, LeftOutImages
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.layout import holds
from lovt_bench.benchmark.data.walk import CLOSED, CLUTTER, MISSING, walk

EXAMPLES = 3
"""Files of each reason that are named."""

LONGEST_NAME = 120
"""Characters of a name that a manifest keeps."""

NO_UTF8 = "a path that is not UTF-8"
SECOND_FILE = "a second file of the same ID"


@dataclass
class Inventory:
    """What lies in the image folders of a dataset.

    Attributes:
        root: The raw folder.
        folders: The image folders in it.
        images: Paths with an ending of images by ID, the file name without its ending; files come first.
        odd: Those of them that are no files, with the reason.
        others: What is no image by its name, by reason.
    """

    root: Path
    folders: tuple[Path, ...]
    images: dict[str, list[Path]] = field(default_factory=dict)
    odd: dict[Path, str] = field(default_factory=dict)
    others: dict[str, list[Path]] = field(default_factory=dict)

    @property
    def found(self) -> int:
        """Return the number of all things in the folders."""
        return sum(map(len, [*self.images.values(), *self.others.values()]))

    def find(self, name: str, expected: Path, origin: str) -> tuple[Path, str | None]:
        """Return the file of an image ID, or `expected`, and why it cannot be used."""
        paths = self.images.get(name, [])
        if not paths:
            return expected, f"{expected} ({origin}): {MISSING}"
        if len(paths) > 1 and paths[1] not in self.odd:
            return paths[0], f"{origin}: duplicate ID, two files: {paths[0]} and {paths[1]}"
        odd = self.odd.get(paths[0])
        return paths[0], odd and f"{paths[0]} ({origin}): {odd}"

    def unlisted(self, listed: Collection[str], reason: str) -> list[LeftOutImages]:
        """Return what is not the first file of a listed ID; `reason` is why an ID is not listed."""
        left_out = {key: list(paths) for key, paths in self.others.items()}
        for name, paths in self.images.items():
            for path in paths[name in listed :]:
                why = self.odd.get(path, SECOND_FILE if name in listed else reason)
                left_out.setdefault(why, []).append(path)
        return [
            grouped(why, [relative_name(path, self.root) for path in paths])
            for why, paths in left_out.items()
        ]


def take_inventory(
    raw: Path,
    folders: Sequence[Path],
    endings: Collection[str],
    besides: Collection[Path] = (),
    guide: str = "docs/data.md",
) -> Inventory:
    """Look through image folders.

    Args:
        endings: Endings of images, lower case; files count in either case.
        besides: Label files, which are no images.
        guide: Where the layout is described, for the message.

    Raises:
        DataError: No image lies there; the message says what does.
    """
    inventory = Inventory(raw, tuple(folders))
    no_image = f"not an image by its ending ({', '.join(sorted(endings))})"
    for entry in (entry for folder in folders for entry in walk(folder) if entry.path not in besides):
        if not is_utf8(relative_name(entry.path, raw)):
            inventory.others.setdefault(NO_UTF8, []).append(entry.path)
        elif entry.path.suffix.lower() in endings and entry.passed_over not in (CLOSED, CLUTTER):
            inventory.images.setdefault(entry.path.stem, []).append(entry.path)
            if entry.passed_over:
                inventory.odd[entry.path] = entry.passed_over
        else:
            inventory.others.setdefault(entry.passed_over or no_image, []).append(entry.path)
    for paths in inventory.images.values():
        paths.sort(key=inventory.odd.__contains__)
    if not inventory.images:
        looked = ", ".join(str(folder) for folder in folders[:3])
        raise DataError(
            f"{looked}: no image there ({', '.join(sorted(endings))}). {holds(folders[0])} "
            f"Check --raw; {guide} shows the layout"
        )
    return inventory


def grouped(reason: str, names: Sequence[str]) -> LeftOutImages:
    """Return the images that one reason leaves out."""
    examples = [clean_text(name, LONGEST_NAME) for name in names[:EXAMPLES]]
    return LeftOutImages(reason=reason, images=len(names), examples=examples)


def is_utf8(name: str) -> bool:
    """Say whether the name of a file can be written to a manifest."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def by_reason(reasons: Mapping[str, int]) -> list[LeftOutImages]:
    """Return counts without examples; a reason may begin with what a corpus counts by it."""
    return [
        LeftOutImages(reason=why.removeprefix("images: ").replace("studies: ", "study: "), images=count)
        for why, count in sorted(reasons.items())
        if count
    ]


def counted(
    found: int, used: int, left_out: Sequence[LeftOutImages], remarks: Sequence[str] = ()
) -> ImageCounts:
    """Return the counts of a preparation, most frequent reason first.

    Raises:
        ValueError: They do not add up.
    """
    ordered = sorted(left_out, key=lambda one: (-one.images, one.reason))
    return ImageCounts(found=found, used=used, left_out=ordered, remarks=list(remarks))


def relative_name(path: Path, raw: Path) -> str:
    """Return a path relative to the raw folder, with forward slashes; free of the machine's own paths."""
    return path.relative_to(raw).as_posix() if path.is_relative_to(raw) else path.name
