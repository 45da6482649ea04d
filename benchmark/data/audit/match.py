"""Which evaluation images are near copies of which hashes: Hamming distances in blocks, candidates first.

Low frequencies name candidates, all frequencies confirm them. The cosine transform of an inverted image is the
negative, so that a distance of nearly all bits is a copy, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lovt_bench.benchmark.data.audit.hashes import FULL, HASH_BYTES, LOW, LOW_BYTES

COLUMNS = 512
"""Reference hashes in a block: what is compared with 256 others fits the cache of a core."""


@dataclass(frozen=True)
class Match:
    """A near copy.

    Attributes:
        query: Place among the hashes asked for.
        image: Place among the reference images.
        distance: Bits of `FULL` that differ, the least of all frames.
        inverted: Whether it is the negative.
    """

    query: int
    image: int
    distance: int
    inverted: bool


class Matcher:
    """Holds the reference hashes in the form that is fast to compare.

    Args:
        hashes: uint8 (N, frames, 128); images whose hash is all zero match nothing.
    """

    def __init__(self, hashes: np.ndarray) -> None:
        frames = hashes.shape[1]
        rows = np.ascontiguousarray(hashes).reshape(-1, HASH_BYTES)
        live = np.flatnonzero(rows.any(axis=1))
        self._image = np.repeat(np.arange(len(hashes)), frames)[live]
        self._rows = rows[live]
        self._low = np.ascontiguousarray(self._rows[:, :LOW_BYTES].copy().view(np.uint64).T)

    def __call__(self, hashes: Sequence[bytes]) -> list[Match]:
        """Return the matches of hashes, one for each pair of query and image, in ascending order of both."""
        queries = np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, HASH_BYTES)
        low = queries[:, :LOW_BYTES].copy().view(np.uint64)
        best: dict[tuple[int, int], Match] = {}
        for start in range(0, self._low.shape[1], COLUMNS):
            block = self._low[:, start : start + COLUMNS]
            distances = np.zeros((len(low), block.shape[1]), dtype=np.uint16)
            for word in range(low.shape[1]):
                distances += np.bitwise_count(low[:, word, None] ^ block[word])
            near = (distances <= LOW.threshold) | (distances >= LOW.bits - LOW.threshold)
            for query, column in zip(*(part.tolist() for part in np.nonzero(near)), strict=True):
                inverted = bool(distances[query, column] > LOW.bits // 2)
                found = self._confirm(queries[query], query, start + column, inverted)
                known = best.get((query, found.image)) if found else None
                if found and (known is None or found.distance < known.distance):
                    best[query, found.image] = found
        return [best[pair] for pair in sorted(best)]

    def _confirm(self, hashed: np.ndarray, query: int, row: int, inverted: bool) -> Match | None:
        distance = int(np.bitwise_count(hashed ^ self._rows[row]).sum())
        distance = FULL.bits - distance if inverted else distance
        return Match(query, int(self._image[row]), distance, inverted) if distance <= FULL.threshold else None
