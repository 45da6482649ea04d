"""Distances of vectors that belong together, kept one by one, since exact quartiles need them all."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lovt_bench.benchmark.analysis import within
from lovt_bench.benchmark.analysis.pairs import row_distances
from lovt_bench.benchmark.contract.embedding_alignment import Alignment, BoxPlot

Floats = NDArray[np.float64]

_REACH = 1.5
"""Of whiskers, in lengths of the box."""


class Distances:
    """Distances of pairs, of vectors as they are and of length 1: 16 bytes a pair, 4 MB for 5,000 times 49 regions."""

    def __init__(self) -> None:
        # One buffer each: kept tensors of every batch lay between freed ones, and 5,000 studies took 2 GB.
        self._scaled, self._unscaled = array("d"), array("d")

    def add(self, x: Tensor, y: Tensor) -> None:
        """Take in pairs (n, D) and (n, D) float64, not scaled."""
        self._unscaled.frombytes(row_distances(x, y).cpu().numpy().tobytes())
        self._scaled.frombytes(row_distances(within.unit(x), within.unit(y)).cpu().numpy().tobytes())

    def metrics(self) -> Alignment | None:
        """Return the box plots; None without any pair."""
        if not self._scaled:
            return None
        scaled, unscaled = (box_plot(np.frombuffer(each)) for each in (self._scaled, self._unscaled))
        return Alignment(scaled=scaled, unscaled=unscaled)


def box_plot(values: Floats) -> BoxPlot:
    """Return the five numbers of values (n,), n at least 1."""
    q1, median, q3 = np.percentile(values, (25, 50, 75))
    reach = _REACH * (q3 - q1)
    near = values[(values >= q1 - reach) & (values <= q3 + reach)]
    low, high = (near.min(), near.max()) if len(near) else (q1, q3)
    return BoxPlot(low=min(low, q1), q1=q1, median=median, q3=q3, high=max(high, q3))
