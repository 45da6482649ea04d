"""All hashes of a corpus against all evaluation images, block by block on all cores."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.benchmark.cores import usable_cores
from lovt_bench.benchmark.data.audit.kept import KeptHashes
from lovt_bench.benchmark.data.audit.match import Match, Matcher
from lovt_bench.benchmark.data.audit.reference import Reference


@dataclass(frozen=True)
class FoundCopy:
    """One pair for the private list."""

    file: str
    dataset: str
    split: SplitName
    row: int
    """Within the split, from 0."""
    id: str | None
    distance: int
    inverted: bool


@dataclass
class Overlaps:
    """What was found of one dataset.

    Attributes:
        matched: bool (N,), which of its images have a near copy in the corpus.
        corpus: Corpus images that are a near copy of one of them.
    """

    matched: np.ndarray
    corpus: int = 0


def find_copies(
    references: Sequence[Reference],
    kept: KeptHashes,
    workers: int | None,
    on_copy: Callable[[FoundCopy], object] = lambda copy: None,
    on_progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Overlaps]:
    """Compare all hashes of this audit with all evaluation images.

    Args:
        on_copy: Told of every pair, for the private list.
        on_progress: Told how many hashes have been compared.
    """
    overlaps = {one.name: Overlaps(np.zeros(len(one.hashes), dtype=bool)) for one in references}
    matchers = [(one, Matcher(one.hashes)) for one in references]
    done = 0
    for names, found in _compared(matchers, kept, workers or usable_cores()):
        for reference, matches in zip(references, found, strict=True):
            overlap = overlaps[reference.name]
            overlap.corpus += len({match.query for match in matches})
            for match in matches:
                overlap.matched[match.image] = True
                on_copy(_copy(names[match.query], reference, match))
        done += len(names)
        on_progress(done)
    return overlaps


def _compared(
    matchers: Sequence[tuple[Reference, Matcher]], kept: KeptHashes, workers: int
) -> Iterator[tuple[list[str], list[list[Match]]]]:
    """Yield the names of a block of hashes and its matches for each dataset. NumPy lets threads run side by side."""
    waiting: deque[tuple[list[str], list[Future[list[Match]]]]] = deque()
    with ThreadPoolExecutor(workers) as executor:
        for hashes, names in kept.blocks():
            waiting.append((names, [executor.submit(matcher, hashes) for _, matcher in matchers]))
            if len(waiting) > 2 * workers:
                yield _results(waiting.popleft())
        while waiting:
            yield _results(waiting.popleft())


def _results(one: tuple[list[str], list[Future[list[Match]]]]) -> tuple[list[str], list[list[Match]]]:
    return one[0], [future.result() for future in one[1]]


def _copy(file: str, reference: Reference, match: Match) -> FoundCopy:
    row, split = match.image, SPLIT_NAMES[0]
    for split in SPLIT_NAMES:
        count = reference.index.splits.get(split, 0)
        if row < count:
            break
        row -= count
    identity = reference.ids[match.image] if reference.ids else None
    return FoundCopy(file, reference.name, split, row, identity, match.distance, match.inverted)
