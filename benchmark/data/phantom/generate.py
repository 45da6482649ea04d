"""Write phantom folders: images by any number of workers, then tables, then the marker.

A folder appears under its name only when it is whole; one process at a time writes it. A folder without `phantom.json`
is never touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lovt_bench.benchmark.contract.phantom import PHANTOM_FILE, PhantomManifest
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder
from lovt_bench.benchmark.data.phantom.layout import Layout, Settings, layouts
from lovt_bench.benchmark.data.pool import WorkerPool, map_chunks
from lovt_bench.benchmark.data.work import held
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.benchmark.disk.leftovers import sweep
from lovt_bench.benchmark.disk.temporary import new_folder

GENERATOR = 1
"""Version of the drawing, the texts and the tables: raise it with any change of what is written in all layouts."""

CHUNK = 4
"""Images that a worker takes at a time."""


class PhantomError(DataError):
    """The folder cannot be written; the message says what to do."""


def write_chunk(root: Path, settings: Settings, indices: Sequence[int]) -> tuple[list[Any], dict[str, str]]:
    """Write some images; return their records and the SHA-256 of their files. Runs in a worker."""
    layout, folder = layouts()[settings.dataset], PhantomFolder(root)
    return [layout.write(folder, index, settings) for index in indices], folder.digests


def existing(root: Path, settings: Settings, force: bool) -> PhantomManifest | None:
    """Return the manifest of a finished phantom with these settings, None if one may be written.

    Raises PhantomError for a folder that is no phantom, and for one with other settings unless `force`.
    """
    sweep(root.parent)  # a killed process may have been just about to replace it
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return None
    marker = root / PHANTOM_FILE
    if not marker.is_file():
        raise PhantomError(
            f"{root} holds files but no {PHANTOM_FILE}: it is not a phantom and stays as it is. "
            "Choose another folder with --out."
        )
    try:
        manifest = PhantomManifest.model_validate_json(marker.read_text())
    except (ValidationError, UnicodeDecodeError) as error:
        raise PhantomError(
            f"{marker} cannot be read as a phantom's marker ({error.__class__.__name__}). "
            "Move the folder away, or choose another one with --out."
        ) from error
    found = (manifest.dataset, manifest.seed, manifest.images, manifest.side, manifest.generator)
    wanted = (settings.dataset, settings.seed, settings.images, settings.side, _generator(settings))
    if found == wanted:
        if not force:
            _check_files(root, manifest)
        return None if force else manifest
    if not force:
        names = ("dataset", "seed", "images", "side", "generator")
        differences = ", ".join(
            # A seed may be the secret of a hidden twin.
            "another seed" if name == "seed" else f"{name} {have} instead of {want}"
            for name, have, want in zip(names, found, wanted, strict=True)
            if have != want
        )
        raise PhantomError(
            f"{root} holds a phantom with other settings ({differences}). "
            "Give --force to write it anew, or choose another folder with --out."
        )
    return None


def _generator(settings: Settings) -> int:
    return GENERATOR + layouts()[settings.dataset].revision


def _check_files(root: Path, manifest: PhantomManifest) -> None:
    """Raise PhantomError where files are missing, or are not what was written; files that were added stay."""
    paths = [path for path in root.rglob("*") if path.is_file() and path != root / PHANTOM_FILE]
    if len(paths) < manifest.files:
        raise PhantomError(
            f"{root} holds {len(paths)} files where {PHANTOM_FILE} names {manifest.files}. "
            "Give --force to write it anew."
        )
    if len(paths) == manifest.files:
        found = {path.relative_to(root).as_posix(): file_sha256(path) for path in paths}
        if digest_of_files(found) != manifest.files_sha256:
            raise PhantomError(
                f"{root}: files were changed since they were written. Give --force to write it anew, or choose another "
                "folder with --out."
            )


def check(settings: Settings, layout: Layout) -> None:
    """Raise PhantomError for settings that cannot give a usable dataset."""
    if settings.images < layout.minimum:
        raise PhantomError(
            f"{layout.name} needs at least {layout.minimum} images to fill every split and class, "
            f"got --images {settings.images}."
        )


def write_phantom(
    root: Path,
    settings: Settings,
    executor: WorkerPool | None,
    *,
    force: bool = False,
    done: Callable[[int], None] = lambda count: None,
) -> PhantomManifest:
    """Write one phantom folder and return its manifest; a finished one with equal settings is kept.

    Args:
        executor: Where images are drawn; None draws them in this process. No effect on the content.
        force: Write anew what exists, if it is a phantom.
        done: Told how many images each step has finished.

    Raises:
        PhantomError: The folder or the settings are refused; the message says what to do.
        DataError: A worker died, or another process writes the folder.
    """
    layout = layouts()[settings.dataset]
    check(settings, layout)
    with held(root):
        manifest = existing(root, settings, force)
        if manifest is not None:
            done(settings.images)
            return manifest
        with new_folder(root) as fresh:
            folder = PhantomFolder(fresh)
            records: list[Any] = []
            draw = partial(write_chunk, fresh, settings)
            with closing(map_chunks(draw, range(settings.images), executor, CHUNK)) as parts:
                for part, digests in parts:
                    records += part
                    folder.digests |= digests
                    done(len(part))
            layout.finish(folder, records, settings)
            manifest = PhantomManifest(
                dataset=settings.dataset,
                seed=settings.seed,
                images=settings.images,
                side=settings.side,
                generator=_generator(settings),
                files=len(folder.digests),
                files_sha256=digest_of_files(folder.digests),
            )
            folder.write(PHANTOM_FILE, manifest.to_json().encode())
    return manifest


def digest_of_files(digests: Mapping[str, str]) -> str:
    """Return `files_sha256` of files of these digests by path."""
    lines = [f"{digests[path]}  {path}\n" for path in sorted(digests)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
