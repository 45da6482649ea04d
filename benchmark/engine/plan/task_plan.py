"""What is to be done for one task of an evaluation, what of it is recorded, and what the records decide."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from lovt_bench.benchmark.contract.made_with import DeviceKind
from lovt_bench.benchmark.contract.run_record import GridEdge, Precision, RunKey, RunRecord
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.disk.words import explain
from lovt_bench.benchmark.engine.inputs.sizes import split_sizes
from lovt_bench.benchmark.engine.inputs.task_data import TaskData
from lovt_bench.benchmark.engine.plan.cost import TYPICAL, Rates, epoch_cost
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.benchmark.engine.plan.recorded import load_records, results_path
from lovt_bench.benchmark.engine.plan.runs import RunConfig, final_runs, tuning_runs
from lovt_bench.benchmark.executor.job import JobError
from lovt_bench.tasks.head import heads
from lovt_bench.tasks.profile import apply_profile
from lovt_bench.tasks.tuning import choose_learning_rate, grid_edge, tried_grid


class TaskError(JobError):
    """One task cannot be finished; others can."""


class TaskPlan:
    """The runs of one task. Records are read anew each time: other processes may write them too.

    Raises:
        TaskError: The dataset has too few images for the task.
    """

    def __init__(self, evaluation: Evaluation, published: TaskSpec) -> None:
        self.evaluation, self.published = evaluation, published
        self.spec = apply_profile(published, evaluation.profile)
        self.store = evaluation.stores[published.dataset]
        track = self.store.manifest.track
        self.path = results_path(evaluation.workspace, track, evaluation.source.name, published.id)
        splits = [len(self.store.rows(split)) for split in ("train", "validation", "test")]
        try:
            self.sizes = split_sizes(self.spec, evaluation.profile, *splits)
        except ValueError as error:
            raise TaskError(str(error)) from error

    @cached_property
    def data(self) -> TaskData:
        """What the runs read."""
        return TaskData(
            spec=self.spec,
            protocol=self.evaluation.protocol,
            store=self.store,
            sizes=self.sizes,
            source=self.evaluation.source,
            side=self.evaluation.side_of(self.spec),
            device=self.evaluation.device,
            engine=self.evaluation.engine,
            features_root=self.evaluation.workspace / "features",
        )

    @property
    def batched(self) -> bool:
        """Whether all runs of a phase train together as one batched head."""
        return heads()[self.spec.head].one_layer and self.reads_features

    @property
    def reads_features(self) -> bool:
        """Whether the runs read the feature cache."""
        return self.spec.backbone == "frozen" and self.evaluation.engine == "fast"

    @property
    def drawn(self) -> bool:
        """Whether each seed has features of its own."""
        return self.evaluation.source.drawn_per_run

    def epoch_cost(self, rates: Rates = TYPICAL) -> float:
        """Return the cost of one epoch of one run."""
        side = self.evaluation.side_of(self.spec)
        return epoch_cost(self.spec, self.sizes, side, self.evaluation.engine, rates)

    def tuning(self) -> list[RunConfig]:
        """Return the tuning runs."""
        return tuning_runs(self.spec, self.evaluation.protocol.runs)

    def tried(self, records: dict[str, RunRecord]) -> tuple[list[float], float | None]:
        """Return the learning rates of the grid and those it went on to, and the next one (`tried_grid`)."""
        runs = self.evaluation.protocol.runs
        own = self.key(RunConfig("tune", 1.0, runs.tune_seed))
        scores = {
            one.run.learning_rate: one.validation.get(self.spec.monitor)
            for one in records.values()
            if one.run.model_copy(update={"learning_rate": own.learning_rate}) == own
        }
        return tried_grid(self.spec.learning_rates, scores, runs.grid_steps)

    def _is_tuned(self, records: dict[str, RunRecord]) -> bool:
        """Return whether all tuning runs are recorded, and the grid goes on no further."""
        return not self.missing(self.tuning(), records) and self.tried(records)[1] is None

    def steps_left(self, records: dict[str, RunRecord]) -> list[int]:
        """Return the steps, from 1, by which the grid may go on beyond an end: none once its optimum is inside."""
        steps, grid = self.evaluation.protocol.runs.grid_steps, self.spec.learning_rates
        if not self.tuning() or self._is_tuned(records):
            return []
        return list(range(len(self.tried(records)[0]) - len(grid) + 1, steps + 1))

    def finals(self, learning_rate: float) -> list[RunConfig]:
        """Return the repetitions at a learning rate."""
        return final_runs(learning_rate, self.evaluation.protocol.runs, self.evaluation.profile)

    def records(self) -> dict[str, RunRecord]:
        """Return what is recorded now, by key."""
        return load_records(self.path)

    def missing(self, configs: list[RunConfig], records: dict[str, RunRecord]) -> list[RunConfig]:
        """Return the runs that are not recorded."""
        return [config for config in configs if self.key(config).key() not in records]

    def choose(self, records: dict[str, RunRecord]) -> float:
        """Return the learning rate of the repetitions.

        Raises:
            TaskError: All tuning runs diverged, or one is not recorded.
        """
        configs = self.tuning()
        if not configs:
            return self.spec.learning_rates[0]
        if missing := self.missing(configs, records):
            lacking = ", ".join(f"{config.learning_rate:g}" for config in missing)
            raise TaskError(f"task {self.spec.id}: no tuning run is recorded at learning rate {lacking}")
        rates, following = self.tried(records)
        if following is not None:
            raise TaskError(
                f"task {self.spec.id}: no tuning run is recorded at learning rate {following:g}, where its grid goes on"
            )
        seed = self.evaluation.protocol.runs.tune_seed
        tuned = [records[self.key(RunConfig("tune", rate, seed)).key()] for rate in rates]
        try:
            return choose_learning_rate(
                [(record.run.learning_rate, record.validation.get(self.spec.monitor)) for record in tuned]
            )
        except ValueError as error:
            raise TaskError(f"task {self.spec.id}: {error}") from error

    @property
    def precision(self) -> Precision:
        """What the runs compute in: mixed on CUDA, but for linear heads as one batch."""
        mixed = self.evaluation.device.type == "cuda" and not self.batched
        return "float16-mixed" if mixed else "float32"

    def grid_edge(self, config: RunConfig) -> GridEdge | None:
        """Return at which edge of the tuned grid a final run's learning rate is; None inside, and without tuning."""
        if config.phase == "tune":
            return None
        goes_on = self.evaluation.protocol.runs.grid_steps > 0
        rates = self.tried(self.records())[0] if goes_on else self.spec.learning_rates
        return grid_edge(config.learning_rate, rates)

    def kinds(self, records: dict[str, RunRecord]) -> Counter[tuple[DeviceKind, Precision]]:
        """Return how many runs of this cell are recorded by kind of device and precision."""
        cell = self.key(RunConfig("tune", 1.0, 0)).cell
        return Counter(
            (record.device_kind, record.precision) for record in records.values() if record.run.cell == cell
        )

    def mixture(self, records: dict[str, RunRecord]) -> str | None:
        """Return what is recorded of the cell otherwise than this evaluation would go on with it.

        None where all runs are alike, or none is missing: then nothing is added.
        """
        own, there = (self.evaluation.device.type, self.precision), self.kinds(records)
        if not set(there) - {own} or self._complete(records):
            return None
        found = ", ".join(f"{count} from {kind} in {name}" for (kind, name), count in sorted(there.items()))
        return f"recorded are {found}; this call would add runs from {' in '.join(own)}"

    def _complete(self, records: dict[str, RunRecord]) -> bool:
        try:
            return not self.missing(self.finals(self.choose(records)), records)
        except TaskError:
            # All tuning runs diverged, unless the grid is to go on.
            return self._is_tuned(records)

    def key(self, config: RunConfig) -> RunKey:
        """Return what identifies a run."""
        protocol, profile = self.evaluation.protocol, self.evaluation.profile
        declared = self.data.normalisation
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
            normalisation_sha256=None if declared is None else declared.digest(),
        )


def plan_tasks(evaluation: Evaluation) -> tuple[dict[str, TaskPlan], dict[str, str]]:
    """Return the plans of the tasks that can be begun, and why the others cannot."""
    plans, failures = {}, {}
    for spec in evaluation.specs:
        try:
            plan = TaskPlan(evaluation, spec)
            plan.records()
        except TaskError as error:
            failures[spec.id] = str(error)
        except OSError as error:
            failures[spec.id] = f"task {spec.id}: {explain(error)}"
        else:
            plans[spec.id] = plan
    return plans, failures
