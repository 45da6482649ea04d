"""Every picture of a corpus is hashed once: on all cores, in bounded memory, going on where it was cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.audit.files import Passed, Picture, pictures
from lovt_bench.benchmark.data.audit.hashes import image_hash
from lovt_bench.benchmark.data.audit.kept import KeptHashes
from lovt_bench.benchmark.data.audit.read import grey_pixels
from lovt_bench.benchmark.data.errors import BadImageError, DataError
from lovt_bench.benchmark.data.pool import map_chunks, workers_for
from lovt_bench.benchmark.data.remarks import Remarks, collected
from lovt_bench.benchmark.data.walk import CLUTTER
from lovt_bench.benchmark.log import logger

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


@dataclass(frozen=True)
class HashedPicture:
    """A picture with its hash, or None and why there is none, and what decoders remarked."""

    picture: Picture
    value: bytes | None
    problem: str = ""
    remarks: tuple[str, ...] = ()


def hash_chunk(chunk: Sequence[Picture]) -> list[HashedPicture]:
    """Hash some pictures; runs in a worker."""
    done = []
    for picture in chunk:
        try:
            with collected() as remarks:
                value = image_hash(grey_pixels(picture))
            done.append(HashedPicture(picture, value, remarks=tuple(remarks)))
        except BadImageError as error:
            done.append(HashedPicture(picture, None, str(error)))
    return done


def hash_corpus(root: Path, kept: KeptHashes, workers: int | None, on_progress: Progress) -> Hashed:
    """Hash the pictures of a corpus that `kept` does not know, and list all of them in it.

    Raises:
        DataError: There is no picture, or a worker died.
    """
    passed = Passed()
    total = sum(1 for _ in pictures(root, passed))
    if not total:
        held = f"{passed.others + passed.clutter:,} other files and {passed.archives:,} archives"
        raise DataError(
            f"{root}: no DICOM, PNG, JPEG or TIFF file found, but {held}; archives are not looked into, unpack them"
        )
    problems: list[str] = []
    remarks = Remarks()
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

    with (
        workers_for(total, workers) as pool,
        closing(map_chunks(hash_chunk, unknown(), pool)) as results,
    ):
        for chunk in results:
            kept.add([(one.picture, one.value) for one in chunk if one.value is not None])
            for one in chunk:
                remarks.add(one.picture.name, one.remarks)
                if one.value is None:
                    problems.append(one.problem)
                    if len(problems) <= SHOWN:
                        name, problem = clean_text(one.picture.name, 120), clean_text(one.problem, 200)
                        logger.warning("cannot be read: %s: %s", name, problem)
                else:
                    kept.see(one.picture, one.value)
                    images, flat = images + 1, flat + (not one.value)
            on_progress(images + len(problems), total)
    if passed.others or passed.clutter:
        logger.info("passed over: %d other files, %d that are %s", passed.others, passed.clutter, CLUTTER)
    for folder in passed.closed[:SHOWN]:
        logger.warning("folder cannot be opened: %s", clean_text(folder, 200))
    if len(problems) > SHOWN:
        logger.warning("cannot be read: %d images more", len(problems) - SHOWN)
    remarks.log()
    return Hashed(images, len(problems), flat, passed)
