"""A task specification: everything of evaluation.md section 1 for one of the 18 tasks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, StringConstraints, model_validator

from lovt_bench.benchmark.contract.base import Model

HeadName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
"""A file of `tasks/heads/`; whether there is one is looked up where tasks are read."""

Target = Literal["boxes", "masks"]


class WarmUp(Model):
    """Steps during which the backbone of a fine-tune task stays frozen, and their learning rate."""

    steps: PositiveInt
    learning_rate: PositiveFloat


class TaskSpec(Model):
    """One task. Fractions are of the split's rows in stored order (evaluation.md section 4)."""

    number: PositiveInt
    id: str = Field(pattern=r"^[a-z0-9_]+$")
    title: str
    """Short label for tables, for example `RSNA YOLOv3 fine-tune 1 %`."""
    dataset: str
    target: Target
    classes: list[str]
    train_fraction: float = Field(gt=0, le=1)
    validation_fraction: float = Field(gt=0, le=1)
    head: HeadName
    backbone: Literal["frozen", "fine-tuned"]
    batch_size: PositiveInt
    learning_rates: list[PositiveFloat] = Field(min_length=1)
    """In the order in which they are tried. One entry means: never tuned, used directly."""
    warm_up: WarmUp | None = None
    max_epochs: PositiveInt
    patience: PositiveInt
    monitor: str
    """Validation metric (mode max) that chooses the learning rate, the epoch and when to stop."""
    metric: str
    """Reported test metric."""
    metric_label: str
    """How tables head the metric: mAP, Dice, fROC, Avg Dice."""
    extra_metrics: list[str] = []
    head_width_divisor: PositiveInt = Field(default=1, exclude_if=lambda divisor: divisor == 1)
    """A profile may narrow heads: hidden widths are the published ones divided by this."""
    published_train_images: NonNegativeInt
    """Training images with the official splits (evaluation.md section 1), for tables and tests."""

    @model_validator(mode="after")
    def _consistent(self) -> TaskSpec:
        if (self.warm_up is not None) != (self.backbone == "fine-tuned"):
            raise ValueError(f"task {self.id}: a warm-up belongs to fine-tuned tasks and only to them")
        if len(set(self.learning_rates)) != len(self.learning_rates):
            raise ValueError(f"task {self.id}: learning rates repeat: {self.learning_rates}")
        return self
