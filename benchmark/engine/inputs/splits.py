"""What a run reads of one split: of a single run, and of all runs of a linear head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from lovt_bench.benchmark.engine.inputs.rows import RowTensor
from lovt_bench.benchmark.engine.inputs.sources import InputSource
from lovt_bench.benchmark.engine.inputs.targets import MaskTargets, TargetSource


@dataclass(frozen=True)
class SplitData:
    """The first `size` rows of one split: what a run reads."""

    size: int
    inputs: InputSource
    targets: TargetSource

    @property
    def rows(self) -> list[RowTensor]:
        """What batches are gathered from."""
        return [*self.inputs.rows, *self.targets.rows]

    def batch(self, indices: Tensor) -> tuple[dict[int, Tensor], Any, int]:
        """Return inputs, targets and number of images of the given rows."""
        return self.inputs.batch(indices), self.targets.batch(indices), len(indices)


@dataclass(frozen=True)
class LinearSplit:
    """One split for K runs: features (n, c, h, w) per run (the same object where runs share them) and masks."""

    size: int
    features: Sequence[RowTensor]
    targets: MaskTargets

    @property
    def rows(self) -> list[RowTensor]:
        """What batches are gathered from."""
        return [*self.features, *self.targets.rows]
