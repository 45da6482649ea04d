"""One computed quantity against one golden one: the error in units of its tolerance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Comparison:
    """What was computed and what was expected; `ratio` at most 1 passes."""

    case: str
    quantity: str
    got: Any
    expected: Any
    rtol: float = 0.0
    atol: float = 0.0
    rtol_of_max: float | None = None

    def problem(self) -> str | None:
        """Return why the two cannot be compared number by number, or None."""
        got, expected = np.asarray(self.got), np.asarray(self.expected)
        if got.shape != expected.shape:
            return f"{self.quantity}: shape {list(got.shape)}, expected {list(expected.shape)}"
        if not _numeric(got) or not _numeric(expected):
            return (
                None
                if self.got == self.expected
                else f"{self.quantity}: {self.got!r}, expected {self.expected!r}"
            )
        return None

    def ratio(self) -> float:
        """Return the largest |got - expected| / tolerance; infinite where the two cannot be compared."""
        if self.problem() is not None:
            return math.inf
        if not _numeric(np.asarray(self.got)):
            return 0.0
        got = np.asarray(self.got).astype(np.float64)
        expected = np.asarray(self.expected).astype(np.float64)
        if got.size == 0:
            return 0.0
        with np.errstate(all="ignore"):
            if self.rtol_of_max is not None:
                tolerance = np.full(got.shape, self.rtol_of_max * np.abs(expected).max())
            else:
                tolerance = self.atol + self.rtol * np.abs(expected)
            error = np.abs(got - expected)
            ratio = np.where(error == 0, 0.0, error / tolerance)
        same = (got == expected) | (np.isnan(got) & np.isnan(expected))
        ratio = np.where(same, 0.0, np.where(np.isnan(ratio), math.inf, ratio))
        return float(ratio.max())


@dataclass(frozen=True)
class Failure:
    """A case that could not be computed at all."""

    case: str
    message: str


def _numeric(array: np.ndarray) -> bool:
    return array.dtype.kind in "biuf"
