"""The final runs of a backbone as figures look at them: of each task those that are repetitions of each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.tasks.registry import load_task


@dataclass(frozen=True)
class Cell:
    """Final runs of a task that differ in their seed alone.

    Attributes:
        spec: The task.
        records: By seed.
    """

    spec: TaskSpec
    records: Sequence[RunRecord]

    @property
    def source_line(self) -> str:
        """Whose runs these are, for people."""
        run = self.records[0].run
        return f"{self.records[0].submission} · {run.protocol}, profile {run.profile}, engine {run.engine}"

    def file(self, kind: str) -> str:
        """Return the name of a figure's file."""
        return f"task-{self.spec.number:02d}-{self.spec.id}-{kind}"

    @property
    def title(self) -> str:
        """What the task is called and measured by."""
        return f"{self.spec.number}. {self.spec.title}"


def newest_cells(records: Iterable[RunRecord]) -> list[Cell]:
    """Return one cell for each task and track, the one with the newest run; tuning runs are passed over."""
    cells: dict[tuple[object, ...], list[RunRecord]] = {}
    for record in records:
        if record.run.phase == "final":
            cells.setdefault((record.track, *record.run.cell), []).append(record)
    newest: dict[str, list[RunRecord]] = {}
    for runs in sorted(cells.values(), key=lambda runs: max(run.finished_at for run in runs)):
        newest[runs[0].run.task] = sorted(runs, key=lambda run: run.run.seed)
    found = [Cell(load_task(task), runs) for task, runs in newest.items()]
    return sorted(found, key=lambda cell: cell.spec.number)
