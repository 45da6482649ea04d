"""The final runs of a backbone as figures look at them: of each task those that are repetitions of each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.contract.dataset import Track
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.tasks.registry import load_tasks


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
        """Return the name of a figure's file; figures of synthetic images say so."""
        mark = "-phantom" if self.records[0].track == "phantom" else ""
        return f"task-{self.spec.number:02d}-{self.spec.id}-{kind}{mark}"

    @property
    def title(self) -> str:
        """What the task is called and measured by."""
        return f"{self.spec.number}. {self.spec.title}"


def newest_cells(records: Iterable[RunRecord], workspace: Path) -> list[Cell]:
    """Return one cell for each task and track, the one with the newest run; tuning and unknown tasks are left out.

    Tasks on the workspace's own data are known, too.
    """
    cells: dict[tuple[object, ...], list[RunRecord]] = {}
    for record in records:
        if record.run.phase == "final":
            cells.setdefault((record.track, *record.run.cell), []).append(record)
    newest: dict[tuple[str, Track], list[RunRecord]] = {}
    for runs in sorted(cells.values(), key=lambda runs: max(run.finished_at for run in runs)):
        newest[runs[0].run.task, runs[0].track] = sorted(runs, key=lambda run: run.run.seed)
    known = {spec.id: spec for spec in load_tasks(workspace=workspace)}
    found = [Cell(known[task], runs) for (task, _), runs in newest.items() if task in known]
    return sorted(found, key=lambda cell: (cell.spec.number, cell.records[0].track))
