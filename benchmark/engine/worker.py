"""Do one job of an evaluation. Every executor calls this, in whatever process it runs its jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from lovt_bench.benchmark.backbone.sources import load_to_train
from lovt_bench.benchmark.engine.device.full_gpu import FullGPUError, full_gpu_said
from lovt_bench.benchmark.engine.device.usage import Usage, UsageMeter
from lovt_bench.benchmark.engine.inputs.extraction import extract, missing, united
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.benchmark.engine.plan.job_spec import (
    EvaluationReference,
    JobMessage,
    JobSpec,
    open_evaluation,
)
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.plan.task_plan import TaskPlan
from lovt_bench.benchmark.engine.record.examples import write_examples
from lovt_bench.benchmark.engine.record.recording import make_record, with_predictions
from lovt_bench.benchmark.engine.record.records import append_record
from lovt_bench.benchmark.engine.train.checkpoint import Checkpoint
from lovt_bench.benchmark.engine.train.linear_batch import train_linear_batch
from lovt_bench.benchmark.engine.train.outcome import RunOutcome
from lovt_bench.benchmark.engine.train.pulse import pulse_of
from lovt_bench.benchmark.engine.train.single import train_single
from lovt_bench.benchmark.executor.job import Emit, Event, JobError
from lovt_bench.benchmark.executor.limits import is_memory_limited
from lovt_bench.benchmark.log import logger
from lovt_bench.benchmark.malloc import keep_freed_memory, leave_out_imports, release_memory

ENTRY = "lovt_bench.benchmark.engine.worker:process_worker"
"""Name of the function that makes the work function of a worker process."""


def process_worker() -> ProcessWorker:
    """Return the work function for a process that does nothing but jobs of others."""
    if not is_memory_limited():
        # The limit counts address space that malloc keeps.
        keep_freed_memory()
    leave_out_imports()
    return ProcessWorker()


class Worker:
    """Does jobs. Keeps the data of the last task for its next run.

    It emits `{"activity": text}`, `{"advance": share of the job}`, `{"run": record}` once the record is on disk, and
    `{}` as a sign of life while it reads batches.
    """

    def __init__(self) -> None:
        self._plan: TaskPlan | None = None

    def __call__(self, spec: JobSpec, emit: Emit) -> None:
        evaluation, (task, *_) = spec.evaluation, spec.tasks
        other = self._plan is None or self._plan.evaluation is not evaluation or self._plan.published != task
        if other:
            self._plan = None
        # Free what the last job left. Only now no exception refers to its models any more. If the next run belongs to
        # the same task, malloc keeps the blocks: that run needs the same ones.
        release_memory(to_kernel=other)
        if other and evaluation.device.type == "cuda":
            torch.cuda.empty_cache()  # this task needs blocks of other sizes
        if spec.kind == "features":
            with _user_errors():
                plans = [TaskPlan(evaluation, task) for task in spec.tasks]
                with full_gpu_said(evaluation.device, f"task {plans[0].spec.id}"):
                    _extract(spec, plans, emit)
            return
        self._plan = self._plan or TaskPlan(evaluation, task)
        if not _trained(spec, self._plan, emit):
            release_memory()
            torch.cuda.empty_cache()
            with full_gpu_said(evaluation.device, f"task {self._plan.spec.id}"):
                _train(spec, self._plan, emit)

    def forget(self) -> None:
        """Free the data of the last task."""
        self._plan = None


class ProcessWorker:
    """Does jobs that another process planned: what comes in and what goes out is JSON (`JobMessage`, `RunRecord`)."""

    def __init__(self) -> None:
        self._worker = Worker()
        self._opened: tuple[EvaluationReference, Evaluation] | None = None

    def __call__(self, payload: str, emit: Emit) -> None:
        message = JobMessage.model_validate_json(payload)
        with _user_errors():
            evaluation = self._open(message.evaluation)

        def tell(event: Event) -> None:
            emit({"run": event["run"].to_json(indent=None)} if "run" in event else event)

        self._worker(message.spec(evaluation), tell)

    def _open(self, reference: EvaluationReference) -> Evaluation:
        if self._opened is None or self._opened[0] != reference:
            self._worker.forget()
            self._opened = None
            self._opened = reference, open_evaluation(reference)
        return self._opened[1]


@contextmanager
def _user_errors() -> Iterator[None]:
    """Report an error that the user can fix by its message alone, without the name of the exception."""
    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        raise JobError(str(error)) from error


def _extract(spec: JobSpec, plans: list[TaskPlan], emit: Emit) -> None:
    (seed,), data = spec.seeds, plans[0].data
    cache = data.cache(seed)
    lacking = missing(cache, united(plan.data.demand for plan in plans))
    if not lacking.passes:
        return  # another process extracted them meanwhile
    emit({"activity": "extracting features"})
    extract(
        cache,
        lacking,
        lambda: data.source.load(seed),
        data.device,
        lambda images: emit({"advance": images / lacking.images}),
    )


def _trained(spec: JobSpec, plan: TaskPlan, emit: Emit) -> bool:
    """Train, and return True. If the GPU is full, free the data that is resident there and return False: try again."""
    try:
        with full_gpu_said(plan.evaluation.device, f"task {plan.spec.id}"):
            _train(spec, plan, emit)
    except FullGPUError as error:
        if not plan.data.residence.give_up():
            raise
        logger.warning("%s. The data resident there is freed: the training is made again, streaming", error)
        return False
    return True


def _train(spec: JobSpec, plan: TaskPlan, emit: Emit) -> None:
    """Train and record the runs of the job that have no record yet."""
    records = plan.records()
    if spec.kind == "tune":
        (seed,) = spec.seeds
        configs = [RunConfig("tune", rate, seed) for rate in spec.learning_rates]
    elif spec.kind == "wider":
        rates, following = plan.tried(records)
        if following is None or len(rates) - len(plan.spec.learning_rates) + 1 != spec.step:
            return  # the optimum is inside, or another process did this step meanwhile
        configs = [RunConfig("tune", following, seed) for seed in spec.seeds]
    else:
        rate = plan.choose(records)
        configs = [RunConfig("final", rate, seed) for seed in spec.seeds]
    lacking = plan.missing(configs, records)
    if not lacking:
        return
    if other := plan.mixture(records):
        # Another call recorded runs after this job was planned.
        raise JobError(f"task {plan.spec.id}: {other}, and runs of one cell are not mixed")
    for config, outcome, usage in (
        _batch(plan, configs, emit) if plan.batched else _one(plan, configs[0], emit)
    ):
        if config in lacking:
            record = make_record(plan, config, outcome, usage)
            record, predictions = with_predictions(plan, record, outcome.predictions)
            if append_record(plan.path, record, predictions):
                emit({"run": record})
            if outcome.predict is not None:
                write_examples(plan, config, outcome.predict)


def _batch(
    plan: TaskPlan, configs: list[RunConfig], emit: Emit
) -> Iterator[tuple[RunConfig, RunOutcome, Usage]]:
    with _user_errors():
        splits = plan.data.linear([config.seed for config in configs])
    emit({"activity": f"{configs[0].phase}: {len(configs)} runs as one batched head"})
    meter = UsageMeter(plan.evaluation.device)

    def after_epoch(active: int) -> None:
        emit({"advance": active / (len(configs) * plan.spec.max_epochs)})
        plan.data.residence.settle(splits)

    for index, outcome in train_linear_batch(
        plan.spec,
        plan.evaluation.protocol,
        configs,
        plan.data.channels,
        splits,
        plan.evaluation.device,
        on_epoch=after_epoch,
        pulse=pulse_of(emit),
    ):
        yield configs[index], outcome, meter.read(1 / len(configs))


def _one(plan: TaskPlan, config: RunConfig, emit: Emit) -> Iterator[tuple[RunConfig, RunOutcome, Usage]]:
    emit({"activity": "loading"})
    with _user_errors():
        splits = plan.data.single(config.seed)
    activity = f"{config.phase}: learning rate {config.learning_rate:g}, seed {config.seed}"
    emit({"activity": activity})
    evaluation = plan.evaluation
    checkpoint = Checkpoint(
        evaluation.workspace,
        evaluation.source.name,
        plan.key(config),
        evaluation.device,
        UsageMeter(evaluation.device),
    )

    def goes_on(epochs: int) -> None:
        emit({"activity": f"{activity}, goes on at epoch {epochs}"})
        emit({"advance": epochs / plan.spec.max_epochs})

    outcome = train_single(
        plan.spec,
        plan.evaluation.protocol,
        config,
        load_to_train(evaluation.source, config.seed, plan.data.side)
        if plan.spec.backbone == "fine-tuned"
        else None,
        plan.data.channels,
        splits,
        plan.evaluation.device,
        pulse=pulse_of(emit),
        on_epoch=lambda log: emit({"advance": 1 / plan.spec.max_epochs}),
        engine=plan.evaluation.engine,
        checkpoint=checkpoint,
        residence=plan.data.residence,
        on_resume=goes_on,
        gradient_scale=evaluation.profile.initial_gradient_scale,
    )
    yield config, outcome, checkpoint.usage
    checkpoint.remove()  # the caller has recorded the run by now
