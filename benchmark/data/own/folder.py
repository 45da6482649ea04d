"""The images of somebody's folder by what annotation files call them: paths stay within the folder."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath

from lovt_bench.benchmark.contract.dataset import LeftOutImages
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.inventory import NO_UTF8, grouped, is_utf8, relative_name
from lovt_bench.benchmark.data.layout import holds
from lovt_bench.benchmark.data.tables import safe_id
from lovt_bench.benchmark.data.walk import PICTURES, Entry, file_problem, walk

LONGEST_ID = 120


@dataclass(frozen=True)
class RawFolder:
    """A folder with images and annotations.

    Attributes:
        root: The raw folder.
    """

    root: Path

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Everything below the folder by its path relative to it; what is no UTF-8 is left out (`unlisted`)."""
        found = {relative_name(entry.path, self.root): entry for entry in walk(self.root)}
        if not found:
            raise DataError(
                f"{self.root}: the folder is empty; --raw names the folder of images and annotations"
            )
        return {name: entry for name, entry in found.items() if is_utf8(name)}

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for path in self.entries:
            names.setdefault(PurePosixPath(path).name, []).append(path)
        return names

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        stems: dict[str, list[str]] = {}
        for path in self.pictures():
            stems.setdefault(PurePosixPath(path).stem, []).append(path)
        return stems

    def files(self, ending: str) -> list[str]:
        """Return the plain files with an ending (`.json`), in the order of the walk."""
        return [
            path
            for path, entry in self.entries.items()
            if entry.passed_over is None and PurePosixPath(path).suffix.lower() == ending
        ]

    def pictures(self, without: Collection[str] = ()) -> list[str]:
        """Return the plain files that are images by their ending, but for those in some folders."""
        return [
            path
            for path, entry in self.entries.items()
            if entry.passed_over is None
            and PurePosixPath(path).suffix.lower() in PICTURES
            and not set(PurePosixPath(path).parts[:-1]) & set(without)
        ]

    def find(self, listed: str, origin: str, beside: str = "") -> tuple[str, str | None]:
        """Return the path of an image that annotations name, and why it cannot be used.

        A path counts from the raw folder, from `images/` there, or from the folder of the annotation file; where no
        file is there, the file of that name, if there is one alone.

        Args:
            listed: As the annotations say it.
            origin: Where they say it.
            beside: Folder of the annotation file, relative to the raw folder.
        """
        path = PurePosixPath(listed)
        outside = path.is_absolute() or ".." in path.parts or PureWindowsPath(listed).drive
        if outside or not path.parts or any(mark in listed for mark in "\\\0"):
            shown = clean_text(listed, LONGEST_ID)
            return shown, (
                f"{origin}: image {shown!r}; expected a path within the raw folder, with forward slashes, without '..'"
            )
        tried = [path, PurePosixPath("images") / path, PurePosixPath(beside) / path]
        for one in tried:
            if one.as_posix() in self.entries:
                return self._usable(one.as_posix(), origin)
        named = self._by_name.get(path.name, [])
        if len(named) == 1:
            return self._usable(named[0], origin)
        if named:
            return (
                path.as_posix(),
                f"{origin}: image {listed}: several files have this name: {named[0]}, {named[1]}",
            )
        return (
            path.as_posix(),
            f"{origin}: image {listed} is missing in {self.root}. {holds(self.root, [path.name])}",
        )

    def called(self, stem: str, origin: str, without: Collection[str] = ()) -> tuple[str, str | None]:
        """Return the image of a file name without its ending, and why it cannot be used."""
        parts = set(without)
        found = [one for one in self._by_stem.get(stem, []) if not set(PurePosixPath(one).parts[:-1]) & parts]
        if len(found) > 1:
            return found[0], f"{origin}: several images are called {stem}: {found[0]}, {found[1]}"
        if not found:
            return (
                stem,
                f"{origin}: no image is called {stem}; expected {stem}.dcm, .png or .jpg in {self.root}",
            )
        return found[0], None

    def unlisted(
        self, listed: Collection[str], besides: Collection[Path], reason: str
    ) -> list[LeftOutImages]:
        """Return the pictures, and what was passed over, that are no listed image and no annotation."""
        left_out: dict[str, list[str]] = {}
        for entry in walk(self.root):
            name = relative_name(entry.path, self.root)
            if name in listed or entry.path in besides:
                continue
            if not is_utf8(name):
                left_out.setdefault(NO_UTF8, []).append(name)
            elif entry.passed_over or entry.path.suffix.lower() in PICTURES:
                left_out.setdefault(entry.passed_over or reason, []).append(name)
        return [grouped(why, names) for why, names in left_out.items()]

    def _usable(self, path: str, origin: str) -> tuple[str, str | None]:
        problem = self.entries[path].passed_over or file_problem(self.root / path)
        return path, problem and f"{origin}: image {path}: {problem}"


def image_ids(sources: Collection[str]) -> dict[str, str]:
    """Return the ID of each image by its path: the name of its file without the ending.

    Where several images have this name, their folders are part of it, joined by `__`. What cannot be in an ID becomes
    `_`, and eight digits of the path's digest keep such IDs apart.
    """
    stems = Counter(_stem(source) for source in sources)
    return {source: _id(source, alone=stems[_stem(source)] == 1) for source in sources}


def _stem(source: str) -> str:
    path = PurePosixPath(source)
    # A UID without an ending has dots, too.
    return path.stem if path.suffix.lower() in PICTURES else path.name


def _id(source: str, *, alone: bool) -> str:
    stem = _stem(source)
    name = stem if alone else "__".join((*PurePosixPath(source).parts[:-1], stem))
    if safe_id(name) and len(name) <= LONGEST_ID:
        return name
    digits = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:LONGEST_ID].lstrip("._-")
    return f"{plain or 'image'}-{digits}"
