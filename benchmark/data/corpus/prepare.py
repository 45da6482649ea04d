"""Raw files to a corpus: one pass on all cores, with nothing half-written.

The corpus appears under its name only when it is complete.
"""

from __future__ import annotations

import fcntl
import importlib.metadata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmark.contract.base import digest_of
from benchmark.contract.corpus import CORPUS_SIDE, CorpusManifest
from benchmark.data.corpus import format as fmt
from benchmark.data.corpus.listing import Listing, NoReportError
from benchmark.data.corpus.ordered import map_ordered
from benchmark.data.corpus.process import Settings, Task, process_chunk
from benchmark.data.corpus.splitters import DEFAULT_SPLITTER, splitter
from benchmark.data.corpus.writer import CorpusWriter
from benchmark.data.errors import DataError
from benchmark.data.format import file_sha256, replacing
from benchmark.data.pool import INLINE, usable_cores
from benchmark.log import logger

FORMAT = 1
"""Raise when the same sources would give another corpus."""

SHOWN = 10
"""Problems that are logged before the rest is only counted."""

TRUNCATED = "{} JPEGs end early; what they lack is filled by the decoder (flat grey)."

Progress = Callable[[int, int], None]
"""Called with (studies done, studies in all)."""


@dataclass(frozen=True)
class Prepared:
    """The outcome: where the corpus is, what it holds, and whether it was there already."""

    root: Path
    manifest: CorpusManifest
    found: bool


def prepare(
    listing: Listing,
    corpora: Path,
    *,
    side: int = CORPUS_SIDE,
    splitter_name: str = DEFAULT_SPLITTER,
    workers: int | None = None,
    force: bool = False,
    on_progress: Progress = lambda done, total: None,
) -> Prepared:
    """Make the corpus `corpora / listing.name`.

    Args:
        side: Upper limit of the shorter side of a stored image in pixels.
        workers: Processes; None for one per core. No effect on the content.
        force: Make it again even if nothing changed.

    Raises:
        DataError: Nothing usable is left, a splitter is missing, the disk is full, or another process is at it.
    """
    target = corpora / listing.name
    description = splitter(splitter_name).description if listing.report else None
    sources = digest_of([FORMAT, listing.name, listing.display_name, side, description, listing.state])
    if not listing.studies:
        raise DataError(_empty(listing.root, listing.left_out))
    if not force and (known := _already(target, sources)) is not None:
        return Prepared(target, known, found=True)
    settings = Settings(
        root=listing.root,
        side=side,
        splitter=splitter_name if listing.report else None,
        minimum_tokens=listing.minimum_tokens,
        strict=listing.strict,
    )
    with _locked(target), replacing(target) as folder:
        manifest = _write(listing, settings, folder, workers, on_progress, description, sources)
    return Prepared(target, manifest, found=False)


def _write(
    listing: Listing,
    settings: Settings,
    folder: Path,
    workers: int | None,
    on_progress: Progress,
    description: str | None,
    sources: str,
) -> CorpusManifest:
    """Fill a folder and return its manifest."""
    left_out, total, finished, truncated, problems = Counter(listing.left_out), len(listing.studies), 0, 0, 0
    processes = 1 if total <= INLINE else workers or usable_cores()
    tasks = _tasks(listing, left_out)
    with CorpusWriter(folder, len(listing.label_names)) as writer:
        results = map_ordered(partial(process_chunk, settings), tasks, processes)
        with closing(results):
            for chunk in results:
                for done in chunk:
                    left_out.update(done.left_out)
                    for problem in done.problems:
                        problems += 1
                        if problems <= SHOWN:
                            logger.warning("left out: %s", problem)
                    if done.images:
                        truncated += sum(image.truncated for _, image in done.images)
                        writer.add(done)
                finished += len(chunk)
                on_progress(finished, total)
    on_progress(total, total)
    if problems > SHOWN:
        logger.warning("left out: %d images more", problems - SHOWN)
    if writer.splits()["train"].studies == 0:
        raise DataError(_empty(listing.root, left_out))
    try:
        statistics = writer.statistics()
    except ValueError as error:
        raise DataError(f"{listing.root}: {error}") from error
    packages = ["numpy", "pillow", "pyarrow", *([settings.splitter] if settings.splitter else [])]
    manifest = CorpusManifest(
        name=listing.name,
        display_name=listing.display_name,
        track=listing.track,
        side=settings.side,
        label_names=list(listing.label_names),
        has_reports=listing.report is not None,
        sentence_splitter=description,
        splits=writer.splits(),
        pixel_statistics=statistics,
        left_out={reason: left_out[reason] for reason in sorted(left_out) if left_out[reason]},
        notes=[*listing.notes, *([TRUNCATED.format(truncated)] if truncated else [])],
        files={name: file_sha256(folder / name) for name in (fmt.PIXELS, fmt.IMAGES, fmt.STUDIES)},
        sources_sha256=sources,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={name: importlib.metadata.version(name) for name in packages},
    )
    (folder / fmt.MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return manifest


def _tasks(listing: Listing, left_out: Counter[str]) -> Iterator[Task]:
    """Yield the studies with their reports; a study without one is counted and left out."""
    for study in listing.studies:
        try:
            yield Task(study, None if listing.report is None else listing.report(study))
        except NoReportError as reason:
            left_out[str(reason)] += 1


def _already(target: Path, sources: str) -> CorpusManifest | None:
    """Return the manifest of the corpus if it was made from the same sources and is whole."""
    try:
        manifest = fmt.read_manifest(target)
    except DataError:
        return None
    whole = all((target / file).is_file() for file in manifest.files)
    return manifest if manifest.sources_sha256 == sources and whole else None


def _empty(root: Path, left_out: Counter[str]) -> str:
    why = "".join(f"\n  {count} {reason}" for reason, count in sorted(left_out.items()) if count)
    return (
        f"{root}: no training study is left, so there is nothing to prepare."
        f"{' Left out:' + why if why else ''}\nCheck --raw; docs/corpus.md shows the layout."
    )


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    """Hold the corpus against other processes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    lock_file = target.parent / f".lock-{target.name}"
    with lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(f"{target.name} is being prepared by another process; wait for it") from None
        try:
            yield
        finally:
            lock_file.unlink(missing_ok=True)
