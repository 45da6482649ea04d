"""Every picture of a corpus is hashed once: on all cores, in bounded memory, going on where it was cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmark.contract.untrusted import clean_text
from benchmark.cores import usable_cores
from benchmark.data.audit.files import Passed, Picture, pictures
from benchmark.data.audit.hashes import image_hash
from benchmark.data.audit.kept import KeptHashes
from benchmark.data.audit.read import grey_pixels
from benchmark.data.corpus.ordered import map_ordered
from benchmark.data.errors import BadImageError, DataError
from benchmark.data.pool import INLINE
from benchmark.log import logger

SHOWN = 10
"""Broken files that are named before the rest is only counted."""

Progress = Callable[[int, int], None]
"""Called with (images done, images in all)."""


@dataclass(frozen=True)
class Hashed:
    """What reading the corpus came to."""

    images: int
    unreadable: int
    flat: int
    passed: Passed


def hash_chunk(chunk: Sequence[Picture]) -> list[tuple[Picture, bytes | None, str]]:
    """Return the hash of each picture, or None and why there is none; runs in a worker."""
    done: list[tuple[Picture, bytes | None, str]] = []
    for picture in chunk:
        try:
            done.append((picture, image_hash(grey_pixels(picture)), ""))
        except BadImageError as error:
            done.append((picture, None, str(error)))
    return done


def hash_corpus(root: Path, kept: KeptHashes, workers: int | None, on_progress: Progress) -> Hashed:
    """Hash the pictures of a corpus that `kept` does not know, and list all of them in it.

    Raises:
        DataError: There is no picture, or a worker died.
    """
    passed = Passed()
    total = sum(1 for _ in pictures(root, passed))
    if not total:
        held = f"{passed.others:,} other files and {passed.archives:,} archives"
        raise DataError(
            f"{root}: no DICOM, PNG, JPEG or TIFF file found, but {held}; archives are not looked into, unpack them"
        )
    problems: list[str] = []
    flat = images = 0

    def unknown() -> Iterator[Picture]:
        nonlocal flat, images
        for picture in pictures(root, Passed()):
            value = kept.get(picture.key)
            if value is None:
                yield picture
            else:
                kept.see(picture, value)
                images, flat = images + 1, flat + (not value)
                on_progress(images + len(problems), total)

    processes = 1 if total <= INLINE else workers or usable_cores()
    results = map_ordered(hash_chunk, unknown(), processes)
    with closing(results):
        for chunk in results:
            kept.add([(picture, value) for picture, value, _ in chunk if value is not None])
            for picture, value, problem in chunk:
                if value is None:
                    problems.append(problem)
                    if len(problems) <= SHOWN:
                        logger.warning(
                            "cannot be read: %s: %s", clean_text(picture.name, 120), clean_text(problem, 200)
                        )
                else:
                    kept.see(picture, value)
                    images, flat = images + 1, flat + (not value)
            on_progress(images + len(problems), total)
    for folder in passed.closed[:SHOWN]:
        logger.warning("folder cannot be opened: %s", clean_text(folder, 200))
    if len(problems) > SHOWN:
        logger.warning("cannot be read: %d images more", len(problems) - SHOWN)
    return Hashed(images, len(problems), flat, passed)
