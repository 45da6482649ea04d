"""Takes one backbone through tasks: tune, choose, repeat, record. What is recorded already is not run again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.disk.leftovers import sweep
from lovt_bench.benchmark.engine.plan.budget import Budget
from lovt_bench.benchmark.engine.plan.cost import TYPICAL
from lovt_bench.benchmark.engine.plan.eligible import check_eligible
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation, TaskResult, check_stores
from lovt_bench.benchmark.engine.plan.jobs import PlannedJob, plan_jobs
from lovt_bench.benchmark.engine.plan.observer import Observer
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.plan.task_plan import TaskPlan, plan_tasks
from lovt_bench.benchmark.engine.record.records import sweep_predictions
from lovt_bench.benchmark.engine.train.checkpoint_sweep import sweep_checkpoints
from lovt_bench.benchmark.engine.worker import ENTRY, Worker
from lovt_bench.benchmark.executor.job import Event, Executor, Job, JobEnd, Watcher, Work
from lovt_bench.benchmark.executor.process import ProcessExecutor
from lovt_bench.benchmark.log import logger
from lovt_bench.tasks.tuning import WHY_DIVERGED


def evaluate(
    evaluation: Evaluation,
    observer: Observer | None = None,
    executor: Executor | None = None,
    budget: Budget | None = None,
) -> list[TaskResult]:
    """Run what is missing of every task and return one result a task.

    A task that cannot be finished (all tuning runs diverged, too few images, a job that fails) is reported as failed;
    the others go on.

    Args:
        evaluation: What to do.
        observer: Is told.
        executor: Where; in this process by default. With a budget it should take jobs as they are listed.
        budget: Begins tasks, in the order of the evaluation, as long as they fit.

    Raises:
        ValueError: The backbone cannot take part in one of the tasks (`eligible.py`), or a store is of other data
            entries than the protocol's; or a cell was begun on another kind of device.
    """
    check_eligible(evaluation.specs, evaluation.source, evaluation.side_of)
    check_stores(evaluation)
    for folder in ("features", "examples"):
        sweep(evaluation.workspace / folder, depth=2)
    plans, failures = plan_tasks(evaluation)
    refuse_mixing(plans.values())
    for plan in plans.values():
        with suppress(OSError):  # what cannot be removed harms nobody
            sweep_predictions(plan.path)
    _sweep_checkpoints(evaluation, plans.values(), evaluation.source.sha256)
    jobs = plan_jobs(list(plans.values()), budget.rates if budget else TYPICAL, share=budget is None)
    watcher = _Progress(evaluation, jobs, observer or Observer(), budget)
    executor = executor or ProcessExecutor()
    claims = evaluation.workspace / "claims"
    executor.run(jobs, Work(Worker(), ENTRY), claims, watcher)
    # A worker may have been killed between the record of a run and the removal of its checkpoint.
    _sweep_checkpoints(evaluation, plans.values(), None)
    failures |= watcher.failures
    return [
        TaskResult(spec, "left")
        if spec.id in watcher.left
        else _result(spec, plans.get(spec.id), failures.get(spec.id))
        for spec in evaluation.specs
    ]


def refuse_mixing(plans: Iterable[TaskPlan]) -> None:
    """Hold what is recorded of each task against what this evaluation would add.

    Raises:
        ValueError: It would add runs of another kind of device or precision to a cell; nothing was begun.
    """
    found = {plan: text for plan in plans if (text := plan.mixture(plan.records()))}
    if not found:
        return
    kinds = {kind for plan in found for kind, _ in plan.kinds(plan.records())}
    others = sorted(kinds - {next(iter(found)).evaluation.device.type})
    way = f"Go on with --device {others[0]}, or begin" if len(others) == 1 else "Begin"
    lines = [
        "runs of one cell are made on one kind of device and in one precision; nothing was begun:",
        *(f"  {plan.spec.id}: {text}" for plan, text in found.items()),
        f"{way} these tasks anew: move their records out of the results folder, and give the same command again",
        *(f"  {plan.path}" for plan in found),
    ]
    raise ValueError("\n".join(lines))


def _sweep_checkpoints(
    evaluation: Evaluation, plans: Iterable[TaskPlan], backbone_sha256: str | None
) -> None:
    recorded = {key for plan in plans for key in plan.records()}
    sweep_checkpoints(evaluation.workspace, evaluation.source.name, backbone_sha256, recorded)


def _result(spec: TaskSpec, plan: TaskPlan | None, failure: str | None) -> TaskResult:
    if plan is None or failure is not None:
        logger.error("%s", failure)
        return TaskResult(spec, "failed", reason=failure or "")
    records = plan.records()
    rate = plan.choose(records)
    finals = [records[plan.key(config).key()] for config in plan.finals(rate)]
    if diverged := [record.run.seed for record in finals if record.status == "diverged"]:
        seeds = ", ".join(map(str, diverged))
        reason = f"task {spec.id}: runs with seeds {seeds} diverged at learning rate {rate:g}: {WHY_DIVERGED}"
        logger.error("%s", reason)
        return TaskResult(spec, "failed", reason=reason)
    return TaskResult(plan.spec, "done", rate, finals)


class _Progress(Watcher):
    """Tells an observer what jobs say, and keeps why tasks failed."""

    def __init__(
        self, evaluation: Evaluation, jobs: Sequence[PlannedJob], observer: Observer, budget: Budget | None
    ) -> None:
        self.failures: dict[str, str] = {}
        self.left: set[str] = set()
        """Tasks that the budget did not admit."""
        self._budget = budget
        self._jobs = {job.id: job for job in jobs}
        self._left = {job.id: job.cost for job in jobs}
        self._runs = {job.id: job.runs for job in jobs}
        self._positions = {spec.id: position for position, spec in enumerate(evaluation.specs, start=1)}
        self._specs = {spec.id: spec for spec in evaluation.specs}
        self._observer, self._shown = observer, ""
        observer.start(sum(self._left.values()), sum(self._runs.values()))

    def admit(self, job: Job) -> bool:
        return self._budget is None or any(self._budget.admits(task) for task in self._jobs[job.id].task_ids)

    def started(self, job: Job) -> None:
        self._show(job)

    def event(self, job: Job, event: Event) -> None:
        if "advance" in event:
            self._advance(job, event["advance"] * self._jobs[job.id].cost)
        elif "activity" in event:
            self._show(job)
            self._observer.activity(event["activity"])
        elif "run" in event:
            told = event["run"]  # as JSON by another process
            record = RunRecord.model_validate_json(told) if isinstance(told, str) else told
            run = record.run
            self._runs[job.id] -= 1
            config = RunConfig(run.phase, run.learning_rate, run.seed)
            self._observer.run_finished(self._specs[run.task], config, record)

    def waiting(self, job: Job) -> None:
        self._show(job)
        self._observer.activity("waiting for another process that does this job")

    def ended(self, job: Job, end: JobEnd) -> None:
        self._advance(job, self._left[job.id])
        tasks = self._jobs[job.id].task_ids
        if end.status == "failed":
            for task in tasks:
                self.failures.setdefault(task, end.reason)
        elif end.status == "skipped":
            self.left.update(tasks)
        elif (spared := self._runs[job.id]) > 0:
            self._observer.runs_spared(spared)

    def _advance(self, job: Job, cost: float) -> None:
        """Never beyond what the job was said to cost: it may have been begun twice, or have stopped early."""
        cost = min(cost, self._left[job.id])
        self._left[job.id] -= cost
        if self._budget is not None:
            self._budget.worked(cost)
        self._observer.advance(cost)

    def _show(self, job: Job) -> None:
        task = self._jobs[job.id].task_ids[0]
        if task != self._shown:
            self._shown = task
            self._observer.task(self._specs[task], self._positions[task], len(self._positions))
