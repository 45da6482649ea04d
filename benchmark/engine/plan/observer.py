"""What the engine tells whoever watches. The default watches nothing."""

from __future__ import annotations

from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.engine.plan.runs import RunConfig


class Observer:
    """Override what is of interest. Costs are the units of `benchmark.engine.plan.cost`."""

    def start(self, total_cost: float, runs: int) -> None:
        """The evaluation begins; so many runs are left to do."""

    def task(self, spec: TaskSpec, position: int, tasks: int) -> None:
        """A task begins (`position` is 1-based)."""

    def activity(self, text: str) -> None:
        """What goes on now, for example `extracting features (train)`."""

    def advance(self, cost: float) -> None:
        """Work of that cost is done."""

    def runs_spared(self, runs: int) -> None:
        """So many of the runs that were left to do are not needed, or another process did them."""

    def run_finished(self, spec: TaskSpec, config: RunConfig, record: RunRecord) -> None:
        """A run is recorded."""
