"""Write phantom folders: images by any number of workers, then tables, then the marker.

A folder appears under its name only when it is whole. A folder without `phantom.json` is never touched.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchmark.contract.phantom import PHANTOM_FILE, PhantomManifest
from benchmark.data.errors import DataError
from benchmark.data.phantom.layout import Layout, Settings, layouts

GENERATOR = 1
"""Version of the drawing, the texts and the tables: raise it with any change of what is written."""

CHUNK = 4
"""Images that a worker takes at a time."""

PARTIAL = "phantom.partial"
"""Marks an unfinished folder, so that a later call may clear it away."""


class PhantomError(DataError):
    """The folder cannot be written; the message says what to do."""


def write_chunk(root: Path, settings: Settings, indices: range) -> list[Any]:
    """Write some images and return their records; runs in a worker."""
    layout = layouts()[settings.dataset]
    return [layout.write(root, index, settings) for index in indices]


def existing(root: Path, settings: Settings, force: bool) -> PhantomManifest | None:
    """Return the manifest of a finished phantom with these settings, None if one may be written.

    Raises PhantomError for a folder that is no phantom, and for one with other settings unless `force`.
    """
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
    wanted = (settings.dataset, settings.seed, settings.images, settings.side, GENERATOR)
    if found == wanted:
        if not force and (count := sum(path.is_file() for path in root.rglob("*")) - 1) < manifest.files:
            raise PhantomError(
                f"{root} holds {count} files where {marker.name} names {manifest.files}. "
                "Give --force to write it anew."
            )
        return None if force else manifest
    if not force:
        names = ("dataset", "seed", "images", "side", "generator")
        differences = ", ".join(
            f"{name} {have} instead of {want}"
            for name, have, want in zip(names, found, wanted, strict=True)
            if have != want
        )
        raise PhantomError(
            f"{root} holds a phantom with other settings ({differences}). "
            "Give --force to write it anew, or choose another folder with --out."
        )
    return None


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
    executor: Executor | None,
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
        PhantomError: The folder or the settings are refused, or a worker died; the message says what to do.
    """
    layout = layouts()[settings.dataset]
    check(settings, layout)
    manifest = existing(root, settings, force)
    if manifest is not None:
        done(settings.images)
        return manifest
    with _partial(root) as partial:
        chunks = [range(at, min(at + CHUNK, settings.images)) for at in range(0, settings.images, CHUNK)]
        records: list[Any] = []
        with closing(_drawn(partial, settings, chunks, executor)) as parts:
            for part in parts:
                records += part
                done(len(part))
        layout.finish(partial, records, settings)
        (partial / PARTIAL).unlink()
        count, digest = digest_of_folder(partial)
        manifest = PhantomManifest(
            dataset=settings.dataset,
            seed=settings.seed,
            images=settings.images,
            side=settings.side,
            generator=GENERATOR,
            files=count,
            files_sha256=digest,
        )
        (partial / PHANTOM_FILE).write_text(manifest.to_json())
    return manifest


def _drawn(
    root: Path, settings: Settings, chunks: list[range], executor: Executor | None
) -> Generator[list[Any]]:
    """Yield the records of each chunk in order."""
    if executor is None:
        yield from (write_chunk(root, settings, chunk) for chunk in chunks)
        return
    futures = [executor.submit(write_chunk, root, settings, chunk) for chunk in chunks]
    try:
        for future in futures:
            yield future.result()
    except BrokenProcessPool as error:
        raise PhantomError("A worker process died (out of memory?). Try with fewer --workers.") from error
    finally:
        for future in futures:
            future.cancel()
        # What has begun still writes into the folder that is about to go.
        wait([future for future in futures if not future.cancelled()])


@contextmanager
def _partial(root: Path) -> Iterator[Path]:
    """Yield a fresh folder beside `root` that takes its place when the block ends well."""
    partial = root.parent / f".{root.name}.partial"
    if partial.exists():
        if not (partial / PARTIAL).exists():
            raise PhantomError(f"{partial} is in the way: remove it if you do not need it.")
        shutil.rmtree(partial)
    partial.mkdir(parents=True)
    try:
        (partial / PARTIAL).touch()
        yield partial
        if root.exists():
            shutil.rmtree(root)
        partial.rename(root)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def digest_of_folder(root: Path) -> tuple[int, str]:
    """Return the number of files below `root` without the marker, and the digest of `files_sha256`."""
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256((root / path).read_bytes()).hexdigest()}  {path}\n"
        for path in paths
        if path != PHANTOM_FILE
    ]
    return len(lines), hashlib.sha256("".join(lines).encode()).hexdigest()
