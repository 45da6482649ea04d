"""The images of somebody's folder by what annotation files call them: paths stay within the folder."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath

from lovt_bench.benchmark.contract.dataset import LeftOutImages
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.inventory import NO_UTF8, grouped, is_utf8, relative_name
from lovt_bench.benchmark.data.layout import holds
from lovt_bench.benchmark.data.walk import PICTURES, Entry, file_problem, walk

LONGEST_SHOWN = 120


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

    @cached_property
    def _picture_folders(self) -> set[str]:
        return {PurePosixPath(path).parent.as_posix() for path in self.pictures()} - {"."}

    @cached_property
    def _holding(self) -> dict[frozenset[str], set[PurePosixPath]]:
        return {}

    def _holds_images(self, folder: str, without: frozenset[str]) -> bool:
        """Say whether images lie in or below a folder; the raw folder says nothing of where they are."""
        if without not in self._holding:
            parents = {PurePosixPath(path).parent for path in self.pictures(without)}
            self._holding[without] = {each for one in parents for each in (one, *one.parents)}
        return folder != "." and PurePosixPath(folder) in self._holding[without]

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

        A path counts from the folder of the annotation file, from the raw folder, or from `images/` there. Where no
        file is there, it is the one file whose path ends with the listed one: with `patient1/0.png` never
        `patient2/0.png`, with `0.png` either, if it is alone. Annotations beside images are of images there.

        Args:
            listed: As the annotations say it.
            origin: Where they say it.
            beside: Folder of the annotation file, relative to the raw folder.
        """
        path = PurePosixPath(listed)
        outside = path.is_absolute() or ".." in path.parts or PureWindowsPath(listed).drive
        if outside or not path.parts or any(mark in listed for mark in "\\\0"):
            shown = clean_text(listed, LONGEST_SHOWN)
            return shown, (
                f"{origin}: image {shown!r}; expected a path within the raw folder, with forward slashes, without '..'"
            )
        tried = [PurePosixPath(beside) / path, path, PurePosixPath("images") / path]
        for one in tried:
            if one.as_posix() in self.entries:
                return self._usable(one.as_posix(), origin)
        same = self._by_name.get(path.name, [])
        named = [one for one in same if PurePosixPath(one).parts[-len(path.parts) :] == path.parts]
        if beside in self._picture_folders:
            named = [one for one in named if PurePosixPath(one).is_relative_to(beside)]
        if len(named) == 1:
            return self._usable(named[0], origin)
        if named:
            return (
                path.as_posix(),
                f"{origin}: image {listed}: several files have this name: {named[0]}, {named[1]}",
            )
        found = f"{same[0]} lies in another folder." if same else holds(self.root, [path.name])
        return path.as_posix(), f"{origin}: image {listed} is missing in {self.root}. {found}"

    def called(
        self, stem: str, origin: str, beside: str, without: Collection[str] = ()
    ) -> tuple[str, str | None]:
        """Return the image of a file name without its ending, and why it cannot be used.

        Args:
            stem: The name.
            origin: Which file has it.
            beside: A folder, relative to the raw folder; where images lie in or below it, it is one of these.
            without: Folders whose pictures are no images.
        """
        parts = frozenset(without)
        found = [one for one in self._by_stem.get(stem, []) if not set(PurePosixPath(one).parts[:-1]) & parts]
        if self._holds_images(beside, parts):
            within = [one for one in found if PurePosixPath(one).is_relative_to(beside)]
            if found and not within:
                return stem, (
                    f"{origin}: image {stem} is missing in {self.root / beside}; {found[0]} lies in another folder"
                )
            found = within
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
