"""Blocks of words find what comparing bit by bit finds."""

from __future__ import annotations

import numpy as np
import pytest

from lovt_bench.benchmark.data.audit import match as module
from lovt_bench.benchmark.data.audit.hashes import FRAMES, FULL, LOW
from lovt_bench.benchmark.data.audit.match import Match, Matcher


def plainly(queries: np.ndarray, references: np.ndarray) -> list[Match]:
    """Compare bit by bit: (n, 1024) with (N, frames, 1024) bool."""
    found = []
    for place, query in enumerate(queries):
        for image, frames in enumerate(references):
            best = None
            for frame in frames:
                low, full = int((query != frame)[: LOW.bits].sum()), int((query != frame).sum())
                for inverted in (False, True):
                    near, distance = (LOW.bits - low, FULL.bits - full) if inverted else (low, full)
                    if near <= LOW.threshold and distance <= FULL.threshold:
                        best = min(best or (distance, inverted), (distance, inverted))
            if best:
                found.append(Match(place, image, *best))
    return found


@pytest.mark.parametrize("columns", [3, 64, 512])
def test_the_same_pairs_are_found_as_bit_by_bit(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setattr(module, "COLUMNS", columns)
    rng = np.random.default_rng(5)
    references = rng.random((20, len(FRAMES), FULL.bits)) < 0.5
    queries = np.stack([references[k % 20, k % 11] ^ (rng.random(FULL.bits) < k / 90) for k in range(40)])
    queries[1::3] ^= True
    expected = plainly(queries, references)
    assert 20 < len(expected) < 40  # noise puts some beyond the threshold
    assert {match.inverted for match in expected} == {False, True}
    packed = [np.packbits(query).tobytes() for query in queries]
    assert Matcher(np.packbits(references, axis=2))(packed) == expected


def test_the_thresholds_themselves_still_match() -> None:
    reference = np.zeros((1, 1, FULL.bits), dtype=bool)
    reference[0, 0, 0] = True
    for low, rest, expected in ((64, 224, 1), (65, 0, 0), (64, 225, 0), (0, 288, 1), (0, 289, 0)):
        query = reference[0, 0].copy()
        query[1 : 1 + low] = True
        query[LOW.bits : LOW.bits + rest] = True
        found = Matcher(np.packbits(reference, axis=2))([np.packbits(query).tobytes()])
        assert len(found) == expected, (low, rest)
