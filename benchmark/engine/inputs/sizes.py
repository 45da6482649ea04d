"""How many images of each split a task uses (evaluation.md section 4)."""

from __future__ import annotations

from dataclasses import dataclass

from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.tasks.profile import kind_of


@dataclass(frozen=True)
class SplitSizes:
    """How many of the first rows of each split a task uses."""

    train: int
    validation: int
    test: int


def split_sizes(spec: TaskSpec, profile: Profile, train: int, validation: int, test: int) -> SplitSizes:
    """Return the rows used of splits of the given sizes: the first round(n * fraction), halves to even.

    Raises ValueError if the training rows do not fill one batch, also where incomplete batches are trained on: the
    published batch size is part of the task.
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
            f"task {spec.id}: {sizes.train} training images do not fill one batch of {spec.batch_size}, the "
            f"least that a task takes under every protocol; prepare more images, or use a profile for few images "
            f"(--profile small)"
        )
    if not sizes.validation or not sizes.test:
        raise ValueError(f"task {spec.id}: the validation or the test split of {spec.dataset} is empty")
    return sizes


def _sized(available: int, fraction: float, least: int, most: int | None) -> int:
    wanted = max(round(available * fraction), min(available, least))
    return wanted if most is None else min(wanted, most)
