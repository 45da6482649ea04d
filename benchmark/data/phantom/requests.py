"""How several findings share one chest: never two in the same place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy.lungs import SIDES
from lovt_bench.benchmark.data.phantom.findings.base import ZONES, Request


def several(kinds: Sequence[str], count: int, rng: np.random.Generator) -> tuple[Request, ...]:
    """Return 1 to 6 requests of kinds drawn with repetition, sides alternating, each in another zone."""
    if not 1 <= count <= 6:
        raise ValueError(f"expected 1 to 6 findings, got {count}")
    first = int(rng.integers(2))
    zones = [rng.permutation(3) for _ in SIDES]
    chosen = []
    for number in range(count):
        side = (first + number) % 2
        zone = ZONES[int(zones[side][number // 2])]
        chosen.append(Request(str(rng.choice(list(kinds))), SIDES[side], zone))
    return tuple(chosen)


def in_turn(kinds: Sequence[str], index: int, rng: np.random.Generator) -> tuple[Request, ...]:
    """Return one to three requests of different kinds for two images of three, none for the third.

    The first kind goes through all of them in turn, so that small sets have some of each; sides alternate.
    """
    if index % 3 == 2:
        return ()
    first = (index - index // 3) % len(kinds)
    others = [number for number in rng.permutation(len(kinds)).tolist() if number != first]
    chosen = [first, *others][: int(rng.choice([1, 2, 3], p=[0.4, 0.4, 0.2]))]
    side = int(rng.integers(2))
    return tuple(Request(kinds[number], SIDES[(side + turn) % 2]) for turn, number in enumerate(chosen))
