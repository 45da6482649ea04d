"""Raw files to a corpus: one pass on all cores, resumable, with nothing half-written.

The corpus appears under its name only when it is complete. Memory does not grow with the pixels.
"""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.corpus import CORPUS_SIDE, CorpusManifest
from lovt_bench.benchmark.data.corpus import format as fmt
from lovt_bench.benchmark.data.corpus.listing import Listing, NoReportError
from lovt_bench.benchmark.data.corpus.process import Settings, Task, process_chunk
from lovt_bench.benchmark.data.corpus.splitters import DEFAULT_SPLITTER, splitter
from lovt_bench.benchmark.data.corpus.tables import write_tables
from lovt_bench.benchmark.data.corpus.work import Work, corpus_work
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.inventory import by_reason, counted
from lovt_bench.benchmark.data.pool import map_chunks, workers_for
from lovt_bench.benchmark.data.remarks import Remarks
from lovt_bench.benchmark.data.statistics import split_statistics
from lovt_bench.benchmark.data.work import clear
from lovt_bench.benchmark.disk.digest import DigestedFile
from lovt_bench.benchmark.disk.intact import damage, listed
from lovt_bench.benchmark.disk.leftovers import remove, sweep
from lovt_bench.benchmark.disk.temporary import new_folder
from lovt_bench.benchmark.log import logger

FORMAT = 1
"""Raise when the same sources would give another corpus."""

SHOWN = 10
"""Problems that are logged before the rest is only counted."""

TRUNCATED = "{} JPEGs end early; what they lack is filled by the decoder (flat grey)."

Progress = Callable[[int, int], None]
"""Called with (studies done, studies in all)."""


@dataclass(frozen=True)
class PreparedCorpus:
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
) -> PreparedCorpus:
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
    sweep(corpora)
    if not force and (known := already(target, sources)) is not None:
        clear(target)
        return PreparedCorpus(target, known, found=True)
    with corpus_work(target, sources) as work:
        _fill(work, listing, side, splitter_name, workers, on_progress)
        with new_folder(target) as folder:
            manifest = _seal(work, folder, listing, side, description, sources)
        remove(work.folder)
    return PreparedCorpus(target, manifest, found=False)


def _fill(
    work: Work, listing: Listing, side: int, splitter_name: str, workers: int | None, on_progress: Progress
) -> None:
    """Process the studies that the work does not hold yet."""
    total, problems, remarks = len(listing.studies), 0, Remarks()
    if work.done:
        logger.info("%s: %d of %d studies are done already, going on", listing.name, work.done, total)
    settings = Settings(
        root=listing.root,
        side=side,
        splitter=splitter_name if listing.report else None,
        minimum_tokens=listing.minimum_tokens,
        strict=listing.strict,
        displayed=listing.displayed,
    )
    run = partial(process_chunk, settings)
    with (
        workers_for(total - work.done, workers) as pool,
        closing(map_chunks(run, _tasks(listing, work.done), pool)) as results,
    ):
        for chunk in results:
            for done in chunk:
                work.add(done)
                for file, said in done.remarks:
                    remarks.add(file, said)
                for problem in done.problems:
                    problems += 1
                    if problems <= SHOWN:
                        logger.warning("left out: %s", problem)
            on_progress(work.done, total)
    if problems > SHOWN:
        logger.warning("left out: %d images more", problems - SHOWN)
    remarks.log()


def _tasks(listing: Listing, start: int) -> Iterator[Task]:
    """Yield the studies from `start` on with their reports, or with the reason why there is none."""
    for study in listing.studies[start:]:
        try:
            yield Task(study, None if listing.report is None else listing.report(study))
        except NoReportError as reason:
            yield Task(study, None, left_out=str(reason))


def _seal(
    work: Work, folder: Path, listing: Listing, side: int, description: str | None, sources: str
) -> CorpusManifest:
    """Fill the folder of the corpus: tables, pixels, then `corpus.json`.

    Raises:
        DataError: There is no training study, or all pixels are one flat grey.
    """
    pairs = zip(listing.studies, work.entries(), strict=True)
    totals = write_tables(folder, pairs, len(listing.label_names))
    left_out = totals.left_out + listing.left_out
    if not totals.means:
        remove(work.folder)
        raise DataError(_empty(listing.root, left_out))
    try:
        statistics = split_statistics(np.array(totals.means), np.array(totals.variances))
    except ValueError as error:
        remove(work.folder)
        raise DataError(f"{listing.root}: {error}") from error
    packages = ["numpy", "pillow", "pyarrow", *([description.split()[0]] if description else [])]
    manifest = CorpusManifest(
        name=listing.name,
        display_name=listing.display_name,
        track=listing.track,
        side=side,
        label_names=list(listing.label_names),
        has_reports=listing.report is not None,
        sentence_splitter=description,
        splits=totals.splits,
        pixel_statistics=statistics,
        left_out={reason: left_out[reason] for reason in sorted(left_out)},
        image_counts=counted(
            listing.images_found,
            sum(split.images for split in totals.splits.values()),
            [*listing.images_left_out, *by_reason(totals.images_left_out)],
            listing.remarks,
        ),
        notes=[*listing.notes, *([TRUNCATED.format(totals.truncated)] if totals.truncated else [])],
        files=work.deliver(folder) | totals.files,
        sources_sha256=sources,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={name: importlib.metadata.version(name) for name in packages},
    )
    with DigestedFile(folder / fmt.MANIFEST) as file:
        file.write(manifest.to_json().encode())
    return manifest


def already(target: Path, sources: str) -> CorpusManifest | None:
    """Return the manifest of the corpus if it was made from the same sources and is whole."""
    try:
        manifest = fmt.read_manifest(target)
    except DataError:
        return None
    if manifest.sources_sha256 != sources:
        return None
    if problems := damage(target, manifest.files):
        logger.warning("corpus %s is damaged (%s). It is prepared again now", target, listed(problems))
        return None
    return manifest


def _empty(root: Path, left_out: Counter[str]) -> str:
    why = "".join(f"\n  {count} {reason}" for reason, count in sorted(left_out.items()) if count)
    return (
        f"{root}: no training study is left, so there is nothing to prepare."
        f"{' Left out:' + why if why else ''}\nCheck --raw; docs/data.md shows the layout."
    )
