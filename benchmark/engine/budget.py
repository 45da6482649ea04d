"""A time budget: which tasks first, and when to begin no more.

The order makes a board that is cut off useful: first the cheapest task of every pair of dataset and kind of head, in
order of cost, so that each dataset and each head shows early; then the others, cheapest first. Tasks are whole: one
that does not fit in what is left is not begun, one that was begun is finished.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.engine.cost import TYPICAL, Rates
from lovt_bench.tasks.profile import kind_of


def useful_order(specs: Sequence[TaskSpec], seconds: Mapping[str, float]) -> list[TaskSpec]:
    """Return the tasks in the order in which a budget begins them.

    Args:
        specs: Tasks.
        seconds: Predicted, by task id.
    """
    by_cost = sorted(specs, key=lambda spec: (seconds[spec.id], spec.number))
    first: dict[tuple[str, str], TaskSpec] = {}
    for spec in by_cost:
        first.setdefault((spec.dataset, kind_of(spec)), spec)
    early = list(first.values())
    return early + [spec for spec in by_cost if spec not in early]


@dataclass
class Budget:
    """Decides whether a task may begin; each is asked for once.

    Args:
        seconds: From the first question on.
        predicted: Seconds of each task with one worker, by id.
        rates: What they were predicted with.
        workers: Jobs at a time.
        clock: Monotonic seconds.
    """

    seconds: float
    predicted: Mapping[str, float]
    rates: Rates = TYPICAL
    workers: int = 1
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._begun: dict[str, bool] = {}
        self._start: float | None = None
        self._done = 0.0

    def admits(self, task: str) -> bool:
        """Whether the task may begin, or has begun."""
        if self._start is None:
            self._start = self.clock()
        if task not in self._begun:
            begun = sum(self.predicted[other] for other, admitted in self._begun.items() if admitted)
            to_do = max(0.0, begun - self._done) + self.predicted[task]
            elapsed = self.clock() - self._start
            self._begun[task] = elapsed + self._pace(elapsed) * to_do / self.workers <= self.seconds
        return self._begun[task]

    def worked(self, seconds: float) -> None:
        """Note that work of so many predicted seconds is done, or not needed: runs stop early."""
        self._done += seconds

    def _pace(self, elapsed: float) -> float:
        """Return seconds by predicted second as seen so far, 1 until a twentieth of the budget tells."""
        return elapsed * self.workers / self._done if self._done > 0.05 * self.seconds else 1.0
