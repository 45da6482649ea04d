"""A task as the column of a table."""

from __future__ import annotations

from lovt_bench.benchmark.contract.leaderboard import Column
from lovt_bench.benchmark.contract.task import TaskSpec


def column_of(
    spec: TaskSpec,
    *,
    train_images: int | None = None,
    dataset_sha256: str | None = None,
    task_sha256: str | None = None,
) -> Column:
    """Return the column of a task; without a count it has the published number of training images."""
    return Column(
        task=spec.id,
        number=spec.number,
        title=spec.title,
        dataset=spec.dataset,
        head=spec.head,
        backbone=spec.backbone,
        train_fraction=spec.train_fraction,
        metric=spec.metric,
        metric_label=spec.metric_label,
        train_images=spec.published_train_images if train_images is None else train_images,
        dataset_sha256=dataset_sha256,
        task_sha256=task_sha256,
    )
