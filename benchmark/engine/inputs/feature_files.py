"""The files of one feature cache, which are what was meant to be written, or thrown away with a word and made again.

`features.json` beside them says what the numbers depend on and names each file by its digest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import Field, JsonValue, ValidationError

from lovt_bench.benchmark.contract.base import Model, Sha256, is_empty
from lovt_bench.benchmark.contract.made_with import ForwardSpeed, Words
from lovt_bench.benchmark.disk.intact import damage
from lovt_bench.benchmark.disk.leftovers import remove
from lovt_bench.benchmark.disk.lock import hold
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.log import logger

MANIFEST = "features.json"
Said = TypeVar("Said")


class FeatureManifest(Model):
    """`features.json`."""

    identity: dict[str, JsonValue]
    """Everything that the numbers depend on."""
    files: dict[str, Sha256] = Field(default={})
    libraries: dict[str, Words] = Field(default={}, exclude_if=is_empty)
    """What computed a file, by its name; a file that is not here was written before this was kept."""
    speeds: dict[str, ForwardSpeed] = Field(default={}, exclude_if=is_empty)
    """How fast its bare forward was, by its name; a file that is not here has too few images to tell."""


class FeatureFiles:
    """Files (`.npy`) in a folder.

    Args:
        folder: Folder of the cache; need not be there.
        identity: What the numbers depend on.
    """

    def __init__(self, folder: Path, identity: Mapping[str, JsonValue]) -> None:
        self.folder, self._identity = folder, dict(identity)

    def rows(self, name: str) -> int:
        """Return the rows of a file that is what was meant to be written, 0 if there is none."""
        if not os.path.lexists(self.folder):
            return 0
        if self._problem(name):
            # Another process may just be putting files in their place.
            with self._lock():
                if problem := self._problem(name):
                    self._throw_away(*problem)
        path = self.folder / name
        return len(np.load(path, mmap_mode="r", allow_pickle=False)) if path.is_file() else 0

    def libraries(self, names: Iterable[str]) -> set[str]:
        """Return what computed these files, as far as it is known."""
        known = self._read()
        found = known.libraries if isinstance(known, FeatureManifest) else {}
        return {found[name] for name in names if name in found}

    def speeds(self, names: Iterable[str]) -> list[ForwardSpeed]:
        """Return how fast the bare forwards of these files were, as far as it is known."""
        known = self._read()
        found = known.speeds if isinstance(known, FeatureManifest) else {}
        return [found[name] for name in names if name in found]

    def put(
        self,
        digests: Mapping[str, str],
        place: Callable[[], None],
        library: str | None = None,
        speed: ForwardSpeed | None = None,
    ) -> None:
        """Put written files in their place and name them.

        Args:
            digests: SHA-256 of what was meant to be written, by name.
            place: Renames the files.
            library: What computed them.
            speed: How fast the bare forward was.
        """
        with self._lock():
            known = self._read()
            before = known if isinstance(known, FeatureManifest) else FeatureManifest(identity=self._identity)
            for name in digests:
                if (self.folder / name).is_dir():  # which no file is renamed over
                    remove(self.folder / name)
            place()
            manifest = FeatureManifest(
                identity=self._identity,
                files=before.files | dict(digests),
                libraries=_with(before.libraries, digests, library),
                speeds=_with(before.speeds, digests, speed),
            )
            write_text(self.folder / MANIFEST, manifest.to_json())

    def make_folder(self) -> None:
        """Make the folder; what is in its place is removed."""
        if os.path.lexists(self.folder) and not self.folder.is_dir():
            self.folder.unlink()
        self.folder.mkdir(parents=True, exist_ok=True)

    def remove_older(self, entries: Iterable[str]) -> None:
        """Remove the folders beside this one that hold the same features of an older format, with a word.

        Args:
            entries: Entries of the identity, in which they differ.
        """
        kept = set(entries)
        own = {name: value for name, value in self._identity.items() if name not in kept}
        for path in self.folder.parent.glob(f"*/{MANIFEST}"):
            identity = self._identity_at(path)
            older = identity.get("format") != self._identity.get("format")
            if older and {name: value for name, value in identity.items() if name not in kept} == own:
                logger.warning("features %s: of an older format; removed and made again", path.parent)
                remove(path.parent)

    @staticmethod
    def _identity_at(path: Path) -> dict[str, JsonValue]:
        """Return what the features of a folder depend on; nothing where that cannot be read."""
        try:
            return FeatureManifest.model_validate_json(path.read_bytes()).identity
        except (ValidationError, OSError):
            return {}

    def _lock(self) -> AbstractContextManager[bool]:
        return hold(self.folder.with_name(f".lock-{self.folder.name}"), wait=True)

    def _read(self) -> FeatureManifest | str:
        """Return `features.json`, or what is wrong with it."""
        path = self.folder / MANIFEST
        if not path.is_file():
            return f"{MANIFEST} is missing"
        try:
            manifest = FeatureManifest.model_validate_json(path.read_bytes())
        except ValidationError:
            return f"{MANIFEST} cannot be read, or was written before it held digests"
        return manifest if manifest.identity == self._identity else f"{MANIFEST} is of other features"

    def _problem(self, name: str) -> tuple[Path, str] | None:
        """Return what is to be thrown away, and why."""
        if not self.folder.is_dir():
            return self.folder, "is no folder"
        manifest = self._read()
        if isinstance(manifest, str):
            return None if not _visible(self.folder) else (self.folder, manifest)
        if name not in manifest.files:
            there = os.path.lexists(self.folder / name)
            return (self.folder / name, f"{MANIFEST} does not name it") if there else None
        problem = damage(self.folder, {name: manifest.files[name]}).get(name)
        return (
            None
            if problem is None or not os.path.lexists(self.folder / name)
            else (self.folder / name, problem)
        )

    def _throw_away(self, path: Path, problem: str) -> None:
        logger.warning("features %s: %s; thrown away and made again", path, problem)
        # Hidden files in the folder are others' work in progress.
        for one in _visible(path) if path == self.folder and path.is_dir() else [path]:
            remove(one)


def _with(known: Mapping[str, Said], names: Collection[str], said: Said | None) -> dict[str, Said]:
    """Return what is known of files after these were written anew."""
    kept = {name: each for name, each in known.items() if name not in names}
    return kept if said is None else kept | dict.fromkeys(names, said)


def _visible(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(".")]
