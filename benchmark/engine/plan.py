"""What is to be run for one task, decided from values alone (evaluation.md sections 2.1 and 4)."""

from __future__ import annotations

from dataclasses import dataclass

from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.contract.protocol import RunProtocol
from lovt_bench.benchmark.contract.run_record import Phase
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.tasks.profile import kind_of


@dataclass(frozen=True)
class RunConfig:
    """One training: what differs between the runs of a task."""

    phase: Phase
    learning_rate: float
    seed: int


@dataclass(frozen=True)
class SplitSizes:
    """How many of the first rows of each split a task uses."""

    train: int
    validation: int
    test: int


def split_sizes(spec: TaskSpec, profile: Profile, train: int, validation: int, test: int) -> SplitSizes:
    """Return the rows used of splits of the given sizes: the first round(n * fraction), halves to even.

    Raises ValueError if the training rows do not fill one batch, since incomplete batches are dropped.
    """
    sizes = SplitSizes(
        train=_sized(
            train,
            spec.train_fraction,
            profile.min_train_images,
            profile.limit("max_train_images", kind_of(spec)),
        ),
        validation=_sized(
            validation, spec.validation_fraction, profile.min_validation_images, profile.max_validation_images
        ),
        test=_sized(test, 1.0, 0, profile.max_test_images),
    )
    if sizes.train < spec.batch_size:
        raise ValueError(
            f"task {spec.id}: {sizes.train} training images do not fill one batch of {spec.batch_size}; "
            f"prepare more images, or use a profile for few images (--profile small)"
        )
    if not sizes.validation or not sizes.test:
        raise ValueError(f"task {spec.id}: the validation or the test split of {spec.dataset} is empty")
    return sizes


def _sized(available: int, fraction: float, least: int, most: int | None) -> int:
    wanted = max(round(available * fraction), min(available, least))
    return wanted if most is None else min(wanted, most)


def tuning_runs(spec: TaskSpec, runs: RunProtocol) -> list[RunConfig]:
    """Return one run per learning rate in grid order; none where there is nothing to choose."""
    if len(spec.learning_rates) == 1:
        return []
    return [RunConfig("tune", rate, runs.tune_seed) for rate in spec.learning_rates]


def final_runs(learning_rate: float, runs: RunProtocol, profile: Profile) -> list[RunConfig]:
    """Return the repetitions, each with its own seed."""
    return [RunConfig("final", learning_rate, seed) for seed in runs.final_seeds[: profile.max_runs]]
