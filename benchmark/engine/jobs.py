"""An evaluation as a list of jobs, the least that one worker takes at a time.

Features of a (backbone, dataset, draw), one phase of a linear head as one batch, or one training run. Repetitions
wait for all tuning runs of their task and choose the learning rate from the records when they begin; what reads
features waits for them. A job whose runs are recorded is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from pydantic import Field

from benchmark.contract.base import Model, digest_of
from benchmark.contract.dataset import SPLIT_NAMES, SplitName
from benchmark.contract.task import TaskSpec
from benchmark.engine.cost import feature_cost
from benchmark.engine.evaluation import EvaluationReference, refer_to
from benchmark.engine.features import FeatureCache
from benchmark.engine.plan import RunConfig
from benchmark.engine.task_plan import TaskError, TaskPlan
from benchmark.executor.job import Job

JobKind = Literal["features", "tune", "final"]


class JobSpec(Model):
    """One job, without tensors: the payload of an executor's job."""

    kind: JobKind
    evaluation: EvaluationReference
    tasks: list[TaskSpec] = Field(min_length=1)
    """As published. Several for features alone: all that read them."""
    learning_rates: list[float] = []
    """Of a tuning job."""
    seeds: list[int] = Field(min_length=1)
    """Of the repetitions, or of the tuning runs; for features of a backbone that is drawn per run, of the draw."""


class PlannedJob(Model):
    """A job and what the driver has to know of it."""

    id: str
    label: str
    spec: JobSpec
    cost: float
    runs: int
    """Runs that it is going to record."""
    after: frozenset[str] = frozenset()

    @property
    def task_ids(self) -> list[str]:
        """Tasks that the job is for."""
        return [task.id for task in self.spec.tasks]

    def to_job(self) -> Job:
        """Return what an executor runs."""
        return Job(self.id, self.label, self.spec.model_dump_json(), self.cost, self.after)


def plan_jobs(plans: Sequence[TaskPlan]) -> list[PlannedJob]:
    """Return what is left to do for the tasks, in their order, features just before the first task that reads them.

    Two processes that plan the same work give it the same ids.
    """
    if not plans:
        return []
    reference = refer_to(plans[0].evaluation)
    trainings = [list(_trainings(plan, reference)) for plan in plans]
    features = {job.id: job for job in _features(plans, trainings, reference) if job.cost}
    jobs: list[PlannedJob] = []
    for plan, group in zip(plans, trainings, strict=True):
        for job in group:
            needed = {_feature_id(plan, seed) for seed in job.spec.seeds} if plan.reads_features else set()
            jobs += [features.pop(name) for name in sorted(needed & features.keys())]
            jobs.append(job.model_copy(update={"after": job.after | needed}))
    return jobs


def demands(plans: Iterable[TaskPlan]) -> dict[SplitName, dict[int, int]]:
    """Return how many rows of each split and stride the tasks read."""
    rows: dict[SplitName, dict[int, int]] = {split: {} for split in SPLIT_NAMES}
    for plan in plans:
        for split in SPLIT_NAMES:
            for stride in plan.data.strides:
                if stride != 1:
                    rows[split][stride] = max(rows[split].get(stride, 0), plan.data.size(split))
    return rows


def missing_features(
    cache: FeatureCache, wanted: dict[SplitName, dict[int, int]]
) -> dict[SplitName, tuple[int, list[int]]]:
    """Return rows and strides of each split that are to be extracted in one pass; splits without any are left out."""
    missing: dict[SplitName, tuple[int, list[int]]] = {}
    for split, strides in wanted.items():
        lacking = [stride for stride, rows in strides.items() if cache.missing(split, rows, [stride])]
        if lacking:
            missing[split] = max(strides[stride] for stride in lacking), sorted(lacking)
    return missing


def _trainings(plan: TaskPlan, reference: EvaluationReference) -> Iterator[PlannedJob]:
    records = plan.records()
    tuning = plan.tuning()
    untuned = plan.missing(tuning, records)
    tune_ids = frozenset(_training_id(plan, group) for group in _groups(plan, tuning))
    for group in _groups(plan, tuning):
        if missing := plan.missing(group, records):
            yield _training(plan, reference, group, len(missing))
    if untuned:
        # Which learning rate will win is not known: no repetition counts as recorded.
        finals = missing_finals = plan.finals(plan.spec.learning_rates[0])
    else:
        try:
            finals = plan.finals(plan.choose(records))
        except TaskError:
            # The first repetition says so when its turn comes.
            finals = plan.finals(plan.spec.learning_rates[0])
        missing_finals = plan.missing(finals, records)
    for group in _groups(plan, finals):
        count = sum(config in missing_finals for config in group)
        if count:
            yield _training(plan, reference, group, count).model_copy(update={"after": tune_ids})


def _groups(plan: TaskPlan, configs: list[RunConfig]) -> list[list[RunConfig]]:
    """Return the runs that one job takes: all of a batched head, else one."""
    if not configs:
        return []
    return [configs] if plan.batched else [[config] for config in configs]


def _training(
    plan: TaskPlan, reference: EvaluationReference, configs: list[RunConfig], missing: int
) -> PlannedJob:
    phase = configs[0].phase
    rates = [config.learning_rate for config in configs] if phase == "tune" else []
    if plan.batched:
        detail = f"{len(configs)} runs as one batched head"
    else:
        detail = f"learning rate {rates[0]:g}" if rates else f"seed {configs[0].seed}"
    stores = {plan.spec.dataset: reference.stores[plan.spec.dataset]}
    return PlannedJob(
        id=_training_id(plan, configs),
        label=f"{plan.spec.id}, {phase}, {detail}",
        spec=JobSpec(
            kind=phase,
            evaluation=reference.model_copy(update={"stores": stores}),
            tasks=[plan.published],
            learning_rates=rates,
            seeds=sorted({config.seed for config in configs}),
        ),
        # A batch is trained whole again where a part is missing: its numbers must not depend on where it was cut.
        cost=len(configs) * plan.run_cost,
        runs=missing,
    )


def _training_id(plan: TaskPlan, configs: list[RunConfig]) -> str:
    # The learning rate of repetitions is not known yet, and follows from the rest.
    key = plan.key(configs[0]).model_dump(mode="json", exclude={"learning_rate", "seed"})
    tune = configs[0].phase == "tune"
    runs = [[config.learning_rate if tune else None, config.seed] for config in configs]
    digest = digest_of({"key": key, "submission": plan.evaluation.source.name, "runs": runs})
    return f"{plan.spec.id}-{digest[:32]}"


def _feature_id(plan: TaskPlan, seed: int) -> str:
    return f"features-{plan.data.cache(seed).folder.name}"


def _features(
    plans: Sequence[TaskPlan], trainings: list[list[PlannedJob]], reference: EvaluationReference
) -> Iterator[PlannedJob]:
    readers: dict[str, list[TaskPlan]] = {}
    seed_of: dict[str, int] = {}
    for plan, jobs in zip(plans, trainings, strict=True):
        for seed in sorted({seed for job in jobs for seed in job.spec.seeds} if plan.reads_features else ()):
            name = _feature_id(plan, seed)
            seed_of.setdefault(name, seed)
            if plan not in readers.setdefault(name, []):
                readers[name].append(plan)
    for name, tasks in readers.items():
        seed, first = seed_of[name], tasks[0]
        missing = missing_features(first.data.cache(seed), demands(tasks))
        dataset = first.spec.dataset
        drawn = f", draw {seed}" if first.evaluation.source.drawn_per_run else ""
        yield PlannedJob(
            id=name,
            label=f"features of {dataset}{drawn}",
            spec=JobSpec(
                kind="features",
                evaluation=reference.model_copy(update={"stores": {dataset: reference.stores[dataset]}}),
                tasks=[plan.published for plan in tasks],
                seeds=[seed],
            ),
            cost=feature_cost(sum(rows for rows, _ in missing.values()), first.data.side),
            runs=0,
        )
