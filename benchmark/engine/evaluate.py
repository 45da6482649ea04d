"""Takes one backbone through tasks: tune, choose, repeat, record. What is recorded already is not run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import torch

from benchmark.backbone.sources import BackboneSource
from benchmark.contract.profile import Profile
from benchmark.contract.protocol import Protocol
from benchmark.contract.run_record import Engine, RunKey, RunRecord
from benchmark.contract.task import TaskSpec
from benchmark.data.store import ImageStore
from benchmark.engine.cost import epoch_cost, feature_cost
from benchmark.engine.linear_batch import train_linear_batch
from benchmark.engine.observer import Observer
from benchmark.engine.outcome import RunOutcome
from benchmark.engine.plan import RunConfig, choose_learning_rate, final_runs, split_sizes, tuning_runs
from benchmark.engine.profile import apply_profile
from benchmark.engine.records import append_record, load_records, results_path
from benchmark.engine.single import train_single
from benchmark.engine.task_data import Claims, TaskData
from benchmark.log import logger
from benchmark.malloc import release_memory
from tasks.heads import head_strides

_PACKAGES = ("lovt-bench", "torch", "torchvision", "lightning", "torchmetrics", "numpy")


@dataclass(frozen=True)
class Evaluation:
    """One call of the engine."""

    source: BackboneSource
    specs: Sequence[TaskSpec]
    stores: dict[str, ImageStore]
    """By dataset name; every spec's dataset must be there."""
    protocol: Protocol
    profile: Profile
    workspace: Path
    device: torch.device
    engine: Engine = "fast"


@dataclass(frozen=True)
class TaskResult:
    """What an evaluation leaves for one task."""

    spec: TaskSpec
    status: Literal["done", "failed"]
    learning_rate: float | None = None
    records: list[RunRecord] = field(default_factory=list)
    """Of the final phase, in the order of the seeds."""
    reason: str = ""


def evaluate(evaluation: Evaluation, observer: Observer | None = None) -> list[TaskResult]:
    """Run what is missing of every task and return one result a task.

    A task that cannot be finished (all tuning runs diverged, too few images) is reported as failed; the others go on.

    Raises:
        ValueError: If the backbone lacks a feature level that a head reads.
    """
    observer = observer or Observer()
    runners = [_TaskRunner(evaluation, spec, observer) for spec in evaluation.specs]
    claimed: Claims = {}
    costs = [runner.remaining(claimed) for runner in runners]
    observer.start(sum(cost for cost, _ in costs), sum(runs for _, runs in costs))
    results = []
    for position, runner in enumerate(runners, start=1):
        observer.task(runner.spec, position, len(runners))
        try:
            results.append(runner.run())
        except TaskError as error:
            logger.error("%s", error)
            results.append(TaskResult(runner.spec, "failed", reason=str(error)))
    return results


class TaskError(Exception):
    """One task cannot be finished; others can."""


class _TaskRunner:
    def __init__(self, evaluation: Evaluation, spec: TaskSpec, observer: Observer) -> None:
        self.evaluation, self.observer = evaluation, observer
        self.published, self.spec = spec, apply_profile(spec, evaluation.profile)
        self.store = evaluation.stores[spec.dataset]
        check_levels(spec, evaluation.source)
        manifest = self.store.manifest
        self.path = results_path(evaluation.workspace, manifest.track, evaluation.source.name, spec.id)
        self.records = load_records(self.path)
        self._data: TaskData | None = None

    def run(self) -> TaskResult:
        """Tune, choose and repeat."""
        runs, profile = self.evaluation.protocol.runs, self.evaluation.profile
        tuned = self._finish(tuning_runs(self.spec, runs))
        rate = self._choose(tuned)
        finals = self._finish(final_runs(rate, runs, profile))
        self._data = None
        diverged = [record.run.seed for record in finals if record.status == "diverged"]
        if diverged:
            raise TaskError(
                f"task {self.spec.id}: runs with seeds {diverged} diverged at learning rate {rate:g}"
            )
        return TaskResult(self.spec, "done", rate, finals)

    def remaining(self, claimed: Claims) -> tuple[float, int]:
        """Return cost and number of the runs that are not recorded yet; tuned ones count with the first rate."""
        runs, profile = self.evaluation.protocol.runs, self.evaluation.profile
        tune = [
            config for config in tuning_runs(self.spec, runs) if self._key(config).key() not in self.records
        ]
        rates = {record.run.learning_rate for record in self.records.values() if record.run.phase == "final"}
        finals = min(
            (
                [c for c in final_runs(rate, runs, profile) if self._key(c).key() not in self.records]
                for rate in rates | {self.spec.learning_rates[0]}
            ),
            key=len,
        )
        pending = [*tune, *finals]
        try:
            data = self.data()
        except TaskError:
            return 0.0, 0
        images = data.missing_features((config.seed for config in pending), claimed) if pending else 0
        return self._cost(len(pending)) + feature_cost(images, data.side), len(pending)

    def data(self) -> TaskData:
        """Return the task's data, built when first asked for."""
        if self._data is None:
            self._data = self._build_data()
        return self._data

    def _build_data(self) -> TaskData:
        sizes = [len(self.store.rows(split)) for split in ("train", "validation", "test")]
        try:
            used = split_sizes(self.spec, self.evaluation.profile, *sizes)
        except ValueError as error:
            raise TaskError(str(error)) from error
        return TaskData(
            spec=self.spec,
            protocol=self.evaluation.protocol,
            store=self.store,
            sizes=used,
            source=self.evaluation.source,
            side=self.evaluation.profile.image_side,
            device=self.evaluation.device,
            engine=self.evaluation.engine,
            features_root=self.evaluation.workspace / "features",
        )

    def _choose(self, tuned: list[RunRecord]) -> float:
        if not tuned:
            return self.spec.learning_rates[0]
        scores = [(record.run.learning_rate, record.validation.get(self.spec.monitor)) for record in tuned]
        try:
            return choose_learning_rate(scores)
        except ValueError as error:
            raise TaskError(f"task {self.spec.id}: {error}") from error

    def _finish(self, configs: list[RunConfig]) -> list[RunRecord]:
        """Run the configurations that are not recorded yet and return the records of all, in order."""
        keys = {config: self._key(config) for config in configs}
        pending = [config for config in configs if keys[config].key() not in self.records]
        if pending and self.spec.head == "linear" and self.evaluation.engine == "fast":
            for config, outcome in self._train_batched(pending):
                self._record(config, keys[config], outcome)
        else:
            for config in pending:
                self._record(config, keys[config], self._train_one(config))
        return [self.records[keys[config].key()] for config in configs]

    def _train_batched(self, configs: list[RunConfig]) -> Iterator[tuple[RunConfig, RunOutcome]]:
        data = self.data()
        self.observer.activity("extracting features")
        splits = data.linear([config.seed for config in configs], self._extracted)
        self.observer.activity(f"{configs[0].phase}: {len(configs)} runs as one batched head")
        meter = _CostMeter(self._cost(len(configs)), self._epoch_cost(), self.observer.advance)
        for index, outcome in train_linear_batch(
            self.spec,
            self.evaluation.protocol,
            configs,
            data.channels,
            splits,
            self.evaluation.device,
            on_epoch=meter.epochs,
        ):
            yield configs[index], outcome
        meter.finish()

    def _train_one(self, config: RunConfig) -> RunOutcome:
        data = self.data()
        self.observer.activity("extracting features" if data.missing_features([config.seed]) else "loading")
        splits = data.single(config.seed, self._extracted)
        self.observer.activity(f"{config.phase}: learning rate {config.learning_rate:g}, seed {config.seed}")
        fine_tuned = self.spec.backbone == "fine-tuned"
        meter = _CostMeter(self._cost(1), self._epoch_cost(), self.observer.advance)
        outcome = train_single(
            self.spec,
            self.evaluation.protocol,
            config,
            self.evaluation.source.load(config.seed) if fine_tuned else None,
            data.channels,
            splits,
            self.evaluation.device,
            on_epoch=lambda log: meter.epochs(1),
        )
        meter.finish()
        release_memory()
        return outcome

    def _extracted(self, images: int) -> None:
        self.observer.advance(feature_cost(images, self.evaluation.profile.image_side))

    def _epoch_cost(self) -> float:
        data = self.data()
        return epoch_cost(self.spec, data.sizes, data.side, self.evaluation.engine)

    def _cost(self, runs: int) -> float:
        return runs * self.spec.max_epochs * self._epoch_cost()

    def _key(self, config: RunConfig) -> RunKey:
        protocol, profile = self.evaluation.protocol, self.evaluation.profile
        return RunKey(
            task=self.spec.id,
            backbone_sha256=self.evaluation.source.sha256,
            dataset_sha256=self.store.manifest.identity(),
            task_sha256=self.spec.digest(),
            protocol=protocol.name,
            protocol_sha256=protocol.digest(),
            profile=profile.name,
            profile_sha256=profile.digest(),
            engine=self.evaluation.engine,
            phase=config.phase,
            learning_rate=config.learning_rate,
            seed=config.seed,
        )

    def _record(self, config: RunConfig, key: RunKey, outcome: RunOutcome) -> None:
        device, sizes = self.evaluation.device, self.data().sizes
        single_on_cuda = device.type == "cuda" and (
            self.spec.head != "linear" or self.evaluation.engine != "fast"
        )
        record = RunRecord(
            key=key.key(),
            run=key,
            submission=self.evaluation.source.name,
            track=self.store.manifest.track,
            splits=self.store.manifest.splits,
            device=torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
            precision="float16-mixed" if single_on_cuda else "float32",
            status="diverged" if outcome.diverged else "ok",
            monitor=self.spec.monitor,
            metric=self.spec.metric,
            validation=outcome.validation,
            test=outcome.test,
            best_epoch=outcome.best_epoch,
            epochs=outcome.epochs,
            train_images=sizes.train,
            validation_images=sizes.validation,
            test_images=sizes.test,
            seconds=round(outcome.seconds, 3),
            history=outcome.history,
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            versions={package: version(package) for package in _PACKAGES},
        )
        append_record(self.path, record)
        self.records[record.key] = record
        self.observer.run_finished(self.spec, config, record)


class _CostMeter:
    """Reports cost as epochs pass, and the rest at the end where a run stopped early."""

    def __init__(self, total: float, epoch: float, advance: Callable[[float], None]) -> None:
        self._left, self._epoch, self._advance = total, epoch, advance

    def epochs(self, count: int) -> None:
        cost = min(self._left, count * self._epoch)
        self._left -= cost
        self._advance(cost)

    def finish(self) -> None:
        self._advance(self._left)
        self._left = 0.0


def check_levels(spec: TaskSpec, source: BackboneSource) -> None:
    """Raise ValueError if the backbone lacks a feature level that the task's head reads."""
    offered = {level.stride for level in source.levels}
    lacking = [stride for stride in head_strides(spec) if stride != 1 and stride not in offered]
    if lacking:
        raise ValueError(
            f"task {spec.id}: head {spec.head} reads feature levels at strides {list(head_strides(spec))} "
            f"(1 is the image), but backbone {source.name} has {sorted(offered)}; choose other tasks with --tasks"
        )
