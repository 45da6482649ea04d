"""Plan an evaluation as a list of jobs. A job is the smallest piece of work that a worker takes.

A job extracts the features of one dataset with one backbone, trains one phase of a linear head as one batch, or trains
one run. Where the protocol lets a grid go on, a job each step tunes at the rate beyond, or finds that there is none to
tune at. The repetitions of a task wait for its tuning runs and choose the learning rate from the records when they
begin. Trainings that read features wait for the jobs that extract them. A job whose runs are all recorded is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.engine.inputs.extraction import Demand, missing, united
from lovt_bench.benchmark.engine.plan.cost import TYPICAL, Rates, feature_cost
from lovt_bench.benchmark.engine.plan.job_spec import JobSpec
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.plan.task_plan import TaskError, TaskPlan
from lovt_bench.benchmark.executor.job import Job


@dataclass(frozen=True, kw_only=True)
class PlannedJob(Job):
    """A job, and what the driver needs to know about it. Its cost is that of runs of which none stops early."""

    payload: JobSpec
    runs: int = 0
    """Number of runs that the job will record."""
    bytes_written: int = 0
    """Bytes of features that the job will write."""

    @property
    def task_ids(self) -> list[str]:
        """Ids of the tasks that the job is for."""
        return [task.id for task in self.payload.tasks]


def plan_jobs(plans: Sequence[TaskPlan], rates: Rates = TYPICAL, share: bool = True) -> list[PlannedJob]:
    """Return the jobs that are left to do, in the order of the tasks; features come just before their first reader.

    Two processes that plan the same work use the same claims for it.

    Args:
        plans: Tasks of one evaluation.
        rates: Rates of the machine, from which costs follow.
        share: Extract the features that all tasks read from a dataset in one pass, instead of what each task adds.
            That is less work in all, but the first task waits for the features of the last.
    """
    if not plans:
        return []
    trainings = [list(_trainings(plan, rates)) for plan in plans]
    readers = [
        _Reader(plan, {seed for job in jobs for seed in job.payload.seeds})
        for plan, jobs in zip(plans, trainings, strict=True)
        if plan.reads_features
    ]
    features = _features(readers, rates, share)
    planned: list[PlannedJob] = []
    added: set[str] = set()
    for plan, group in zip(plans, trainings, strict=True):
        own = [job for job in features if plan.spec.id in job.task_ids]
        for job in own:
            if job.id not in added:
                added.add(job.id)
                planned.append(job)
        for job in group:
            needed = {
                other.id
                for other in own
                if set(other.payload.seeds) & set(job.payload.seeds) or not plan.drawn
            }
            planned.append(replace(job, after=job.after | needed))
    return planned


class _Reader:
    """A task that reads features, and the seeds of its runs."""

    def __init__(self, plan: TaskPlan, seeds: set[int]) -> None:
        self.plan = plan
        self.draws = {plan.data.cache(seed).folder.name: seed for seed in sorted(seeds, reverse=True)}
        """Seed by cache. If all runs share one backbone, there is one cache, and any seed names it."""


def _features(readers: Sequence[_Reader], rates: Rates, share: bool) -> list[PlannedJob]:
    """Return the jobs that extract features; those that write to one cache wait for each other."""
    folders = list(dict.fromkeys(folder for reader in readers for folder in reader.draws))
    jobs: list[PlannedJob] = []
    for folder in folders:
        tasks = [reader.plan for reader in readers if folder in reader.draws]
        seed = next(reader.draws[folder] for reader in readers if folder in reader.draws)
        coming: Demand = {}
        before: frozenset[str] = frozenset()
        for group in [tasks] if share else [[task] for task in tasks]:
            wanted = united(plan.data.demand for plan in group)
            job = _extraction(group, seed, wanted, coming, rates)
            if job is not None:
                jobs.append(replace(job, after=before))
                before = frozenset({job.id})
            coming |= {key: max(rows, coming.get(key, 0)) for key, rows in wanted.items()}
    return jobs


def _extraction(
    plans: list[TaskPlan],
    seed: int,
    wanted: Demand,
    coming: Demand,
    rates: Rates,
) -> PlannedJob | None:
    first = plans[0]
    cache, dataset = first.data.cache(seed), first.spec.dataset
    lacking = missing(cache, wanted, coming)
    if not lacking.passes:
        return None
    drawn = f", draw {seed}" if first.drawn else ""
    rows = digest_of(sorted([*key, rows] for key, rows in wanted.items()))
    return PlannedJob(
        id=f"features-{cache.folder.name}-{rows[:16]}",
        claim=f"features-{cache.folder.name}",
        label=f"features of {dataset}{drawn}",
        payload=JobSpec("features", first.evaluation, [plan.published for plan in plans], [seed]),
        cost=feature_cost(lacking.images, first.data.side, rates),
        bytes_written=first.data.stored_bytes(lacking),
    )


def _trainings(plan: TaskPlan, rates: Rates) -> Iterator[PlannedJob]:
    records, tuning = plan.records(), plan.tuning()
    groups = _groups(plan, tuning)
    for group in groups:
        if lacking := plan.missing(group, records):
            yield _training(plan, group, len(lacking), rates)
    wider = [_wider(plan, step, rates) for step in plan.steps_left(records)]
    before = tune_ids = frozenset(_training_id(plan, group) for group in groups)
    for job in wider:
        yield replace(job, after=before)
        before = frozenset({job.id})
    try:
        rate = plan.choose(records)
    except TaskError:
        # The rate is not known yet, or all tuning runs diverged. The first repetition reports that; none is recorded.
        rate, records = plan.spec.learning_rates[0], {}
    for group in _groups(plan, plan.finals(rate)):
        if lacking := plan.missing(group, records):
            yield replace(_training(plan, group, len(lacking), rates), after=tune_ids | before)


def _groups(plan: TaskPlan, configs: list[RunConfig]) -> list[list[RunConfig]]:
    """Group runs into jobs: all runs of a batched head together, other runs one by one."""
    if not configs:
        return []
    return [configs] if plan.batched else [[config] for config in configs]


def _training(plan: TaskPlan, configs: list[RunConfig], lacking: int, rates: Rates) -> PlannedJob:
    phase, name = configs[0].phase, _training_id(plan, configs)
    tuned = [config.learning_rate for config in configs] if phase == "tune" else []
    detail = f"learning rate {tuned[0]:g}" if tuned else f"seed {configs[0].seed}"
    return PlannedJob(
        id=name,
        claim=name,
        label=f"{plan.spec.id}, {phase}, {f'batch of {len(configs)} runs' if plan.batched else detail}",
        payload=JobSpec(
            phase, plan.evaluation, [plan.published], sorted({config.seed for config in configs}), tuned
        ),
        # If part of a batch is missing, the whole batch is trained again: numbers must not depend on where it was cut.
        cost=len(configs) * plan.spec.max_epochs * plan.epoch_cost(rates),
        runs=lacking,
    )


def _wider(plan: TaskPlan, step: int, rates: Rates) -> PlannedJob:
    """Return the job that tunes at the rate to which the grid goes on, if the runs before it say that it does."""
    seed = plan.evaluation.protocol.runs.tune_seed
    key = plan.key(RunConfig("tune", 1.0, seed)).model_dump(mode="json", exclude={"learning_rate"})
    digest = digest_of({"key": key, "submission": plan.evaluation.source.name, "step": step})
    name = f"{plan.spec.id}-{digest[:32]}"
    return PlannedJob(
        id=name,
        claim=name,
        label=f"{plan.spec.id}, tune, step {step} beyond the grid",
        payload=JobSpec("wider", plan.evaluation, [plan.published], [seed], step=step),
        cost=plan.spec.max_epochs * plan.epoch_cost(rates),
        runs=1,
    )


def _training_id(plan: TaskPlan, configs: list[RunConfig]) -> str:
    # The learning rate of repetitions is not known yet; it follows from the rest.
    key = plan.key(configs[0]).model_dump(mode="json", exclude={"learning_rate", "seed"})
    tune = configs[0].phase == "tune"
    runs = [[config.learning_rate if tune else None, config.seed] for config in configs]
    digest = digest_of({"key": key, "submission": plan.evaluation.source.name, "runs": runs})
    return f"{plan.spec.id}-{digest[:32]}"
