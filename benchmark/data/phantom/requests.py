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
