"""What an evaluation shows: progress with time left while it runs, a table when it is done."""

from __future__ import annotations

from statistics import fmean

from rich.progress import BarColumn, TaskID, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from lovt_bench.benchmark.cli.console import console, progress, say, text_column
from lovt_bench.benchmark.contract.made_with import NOTABLE_SKIPS
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation, TaskResult
from lovt_bench.benchmark.engine.plan.observer import Observer
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.executor.job import Executor
from lovt_bench.leaderboard.show.layout import half_width, percent
from lovt_bench.leaderboard.statistics import student_half_width


class RichObserver(Observer):
    """A progress bar on a terminal; one line a finished run elsewhere."""

    def __init__(self, evaluation: Evaluation, executor: Executor) -> None:
        self._evaluation, self._executor = evaluation, executor
        self._console = console(err=True)
        self._progress = progress(
            "{task.description}",
            text_column("{task.fields[activity]}", "dim"),
            BarColumn(bar_width=24),
            "{task.percentage:>3.0f} %",
            TimeElapsedColumn(),
            "left",
            TimeRemainingColumn(elapsed_when_finished=False),
            shown_on=self._console,
            transient=True,
        )
        self._bar: TaskID = self._progress.add_task("starting", total=None, activity="")
        self.runs = self.recorded = 0
        """That were to do, and that this call has done."""

    def __enter__(self) -> RichObserver:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def start(self, total_cost: float, runs: int) -> None:
        self.runs = runs
        self._progress.update(self._bar, total=max(total_cost, 1e-9))
        source, profile = self._evaluation.source, self._evaluation.profile
        self._console.print(
            Text.assemble(
                (source.name, "bold"),
                f" through {len(self._evaluation.specs)} tasks: {runs} runs to do, profile {profile.name}, "
                f"engine {self._evaluation.engine}, device {self._evaluation.device}{self._where()}",
            ),
            soft_wrap=True,
        )

    def _where(self) -> str:
        name, workers = self._executor.name, self._executor.workers
        if name == "process":
            return ""
        return f", executor {name}" + (f" with {workers} workers" if workers else "")

    def task(self, spec: TaskSpec, position: int, tasks: int) -> None:
        self._progress.update(self._bar, description=f"{position}/{tasks} {spec.id}", activity="")

    def activity(self, text: str) -> None:
        self._progress.update(self._bar, activity=text)

    def advance(self, cost: float) -> None:
        self._progress.advance(self._bar, cost)

    def runs_spared(self, runs: int) -> None:
        self.runs -= runs

    def run_finished(self, spec: TaskSpec, config: RunConfig, record: RunRecord) -> None:
        self.recorded += 1
        if record.status == "diverged":
            value = "diverged"
        elif config.phase == "tune":
            value = f"validation {record.monitor} {100 * record.validation[record.monitor]:.1f}"
        else:
            value = f"test {record.metric} {100 * record.test[record.metric]:.1f}"
        self._console.print(
            Text.assemble(
                (f"{self.recorded:>4}/{self.runs}", "dim"),
                f" {spec.id:<31}{config.phase:<6}LR {config.learning_rate:<7g} seed {config.seed} "
                f"{record.epochs:>3} ep. {record.seconds:6.1f} s  {value}{_skipped(record)}",
            ),
            soft_wrap=True,
        )


def print_results(evaluation: Evaluation, results: list[TaskResult]) -> None:
    """Print one line a task (mean ± 95 % Student-t interval, percent) and where the records lie."""
    manifests = [store.manifest for store in evaluation.stores.values()]
    tracks = {manifest.track for manifest in manifests}
    unofficial = sorted({manifest.splits for manifest in manifests} - {"official"})
    title = (
        f"{evaluation.source.display_name} · {evaluation.protocol.name} · profile {evaluation.profile.name}"
    )
    if "phantom" in tracks:
        title += " · PHANTOM images"
    elif unofficial:
        title += f"{' · own data' * ('own' in tracks)} · {unofficial[0]} splits"
    table = Table()
    for heading, justify in (("Nr", "right"), ("Task", "left"), ("LR", "right"), ("Metric", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    table.add_column("Test", justify="right")
    table.add_column("Runs", justify="right")
    for result in sorted(results, key=lambda result: result.spec.number):
        table.add_row(*_row(result))
    say(title, style="bold")
    console().print(table)
    for result in results:
        if lossy := [record for record in result.records if _skipped(record)]:
            share = max(record.made_with.skipped_share for record in lossy if record.made_with)
            say(
                f"warning: task {result.spec.id}: the gradient scaler left out up to {share:.0%} of the steps of a "
                "run, since gradients overflowed half precision (docs/tasks.md, Steps that the scaler leaves out)",
                style="yellow",
            )
    for result in results:
        if result.status == "failed":
            say(f"failed: {result.reason}", style="red", lines=True)
    if not any(result.status == "done" for result in results):
        return
    folder = evaluation.workspace / "results"
    say(f"Run records: {folder}/{manifests[0].track}/{evaluation.source.name}/")
    say("Next: lovt-bench leaderboard build")


def print_left(results: list[TaskResult], command: str) -> None:
    """Say which tasks a budget has left, and the command that goes on."""
    left = [result.spec.id for result in results if result.status == "left"]
    if left:
        say(f"Left, since they do not fit into the budget: {', '.join(left)}")
        say(f"To go on: {command}")


def _skipped(record: RunRecord) -> str:
    """Return that a run lost steps, where it lost more than a few per cent; else nothing."""
    made = record.made_with
    if made is None or made.skipped_share < NOTABLE_SKIPS:
        return ""
    return f"  {made.skipped_steps} of {made.steps} steps skipped ({made.skipped_share:.0%})"


def _row(result: TaskResult) -> tuple[str, ...]:
    spec = result.spec
    if result.status != "done":
        return str(spec.number), spec.id, "", spec.metric_label, result.status, ""
    values = [record.test[spec.metric] for record in result.records]
    rate = f"{result.learning_rate:g}"
    return (
        str(spec.number),
        spec.id,
        rate,
        spec.metric_label,
        percent(fmean(values)) + half_width(student_half_width(values)),
        str(len(values)),
    )
