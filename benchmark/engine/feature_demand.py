"""Which feature levels of which rows tasks read, and what of it is not on disk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.benchmark.engine.features import FeatureCache
from lovt_bench.benchmark.engine.task_plan import TaskPlan

Demand = dict[tuple[SplitName, int], int]
"""Rows by split and stride."""


@dataclass(frozen=True)
class Missing:
    """What one extraction writes: one pass over the first rows of each split."""

    passes: dict[SplitName, tuple[int, list[int]]] = field(default_factory=dict)
    """Rows and strides by split; splits without any are left out."""

    @property
    def images(self) -> int:
        """Forward passes."""
        return sum(rows for rows, _ in self.passes.values())


def demand(plans: Iterable[TaskPlan]) -> Demand:
    """Return what the tasks read together."""
    rows: Demand = {}
    for plan in plans:
        for split in SPLIT_NAMES:
            for stride in plan.data.strides:
                if stride != 1:
                    rows[split, stride] = max(rows.get((split, stride), 0), plan.data.size(split))
    return rows


def missing(cache: FeatureCache, wanted: Demand, coming: Demand | None = None) -> Missing:
    """Return what is to be extracted.

    Args:
        cache: Cache of one draw of the backbone on one dataset.
        wanted: What tasks read.
        coming: What others are going to extract before.
    """
    coming = coming or {}
    passes: dict[SplitName, tuple[int, list[int]]] = {}
    for split in SPLIT_NAMES:
        lacking = {
            stride: rows
            for (of, stride), rows in wanted.items()
            if of == split and coming.get((of, stride), 0) < rows and cache.missing(split, rows, [stride])
        }
        if lacking:
            passes[split] = max(lacking.values()), sorted(lacking)
    return Missing(passes)


def stored_bytes(plan: TaskPlan, missing_: Missing) -> int:
    """Return the bytes that the extraction writes."""
    value = 2 if plan.data.half else 4
    pixels = {stride: (-(-plan.data.side // stride)) ** 2 for stride in plan.data.channels}
    return sum(
        rows * pixels[stride] * plan.data.channels[stride] * value
        for rows, strides in missing_.passes.values()
        for stride in strides
    )
