"""Hyperparameters: class defaults, then a variant's, then a profile's, then `--set key=value`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar

from pydantic import (
    Field,
    JsonValue,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.submissions.common.errors import SettingsError

Schedule = Literal["cosine_per_epoch", "plateau", "warmup_cosine", "cosine", "constant"]
Optimiser = Literal["adam", "adamw", "sgd"]


class TrainingSettings(Model):
    """What every method has. Everything here decides the weights and lies in the backbone's provenance."""

    architecture: str = "resnet50"
    """Any of `lovt-bench backbone architectures`."""
    architecture_options: dict[str, JsonValue] | None = None
    """What completes the name of a vision transformer (docs/backbones.md); None: as its library defines it."""
    initial_weights: str = "imagenet"
    """`imagenet` (torchvision's IMAGENET1K_V1, ResNet-50), `random`, a weight file, a backbone folder, or the name of a
    backbone of the workspace."""
    image_side: int = Field(default=224, ge=32, le=1024, multiple_of=32)
    """Side in pixels of what the network sees."""
    batch_size: int = Field(default=32, ge=2)
    """Samples of one forward pass on one device; contrastive negatives come from it."""
    accumulate: PositiveInt = 1
    """Batches whose gradients are averaged for one optimiser step."""
    optimiser: Optimiser = "adam"
    """`adam` couples weight decay to the gradient, `adamw` decouples it; betas (0.9, 0.999), epsilon 1e-8. `sgd` has
    momentum 0.9 and couples it."""
    learning_rate: PositiveFloat = 1e-4
    weight_decay: NonNegativeFloat = 1e-6
    schedule: Schedule = "constant"
    """`cosine_per_epoch`: falls to 0 and rises again in turn, period two epochs (pretraining.md section 1.8);
    `plateau`: on the monitored value; `warmup_cosine`: a value per epoch (pretraining.md section 4), or per step by
    `rate_every`; `cosine`: a value per epoch, from 1 towards 0 without warm-up."""
    warmup_epochs: NonNegativeInt = 0
    plateau_factor: float = Field(default=0.5, gt=0, lt=1)
    plateau_patience: NonNegativeInt = 12
    """Epochs without a better monitored value before the learning rate is multiplied by `plateau_factor`."""
    max_epochs: PositiveInt = 100
    rate_every: Literal["epoch", "step"] = "epoch"
    """When the rate of `warmup_cosine` changes: `epoch`, as published; `step`: with every optimiser step, linear to 1
    over `warmup_epochs`, then along half a cosine to `final_rate`, as MAE and DINO do."""
    final_rate: NonNegativeFloat = 0.0
    """Learning rate that a `warmup_cosine` by step ends at."""
    patience: PositiveInt | None = None
    """Epochs without a better monitored value before training stops; None: never."""
    min_delta: NonNegativeFloat = 1e-5
    """Smallest change of the monitored value that counts as better for `patience`."""
    gather_negatives: bool = False
    """Whether contrastive negatives come from all ranks; published: from the own batch only."""
    sync_batchnorm: bool = False
    """Whether batch norms share statistics over ranks (CUDA only)."""
    double_bn_update: bool = False
    """Whether a second forward pass per batch in train mode updates BN's running statistics once more, as the
    published online evaluation did (pretraining.md section 1.9). Gradients do not change."""
    precision: Literal["auto", "32-true", "16-mixed", "bf16-mixed"] = "auto"
    """`auto`: 16-bit mixed precision on CUDA as published, 32-bit on a CPU."""


_READ_UNDER: dict[str, tuple[str, ...]] = {
    "warmup_epochs": ("schedule=warmup_cosine",),
    "rate_every": ("schedule=warmup_cosine",),
    "final_rate": ("schedule=warmup_cosine", "rate_every=step"),
    "plateau_factor": ("schedule=plateau",),
    "plateau_patience": ("schedule=plateau",),
}
"""Settings of the learning rate, and the values of others under which alone they are read."""

Settings = TypeVar("Settings", bound=TrainingSettings)


def build_settings(kind: type[Settings], layers: Iterable[tuple[str, Mapping[str, Any]]]) -> Settings:
    """Return settings of a kind; later layers replace values of earlier ones.

    Args:
        kind: The method's settings.
        layers: Origin (for messages) and values.

    Raises:
        SettingsError: An unknown key, a wrong value, or a change in the last layer that nothing would read, naming the
            layer that it came from.
    """
    layers = list(layers)
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for origin, values in layers:
        for key, value in values.items():
            merged[key], origins[key] = value, origin
    try:
        settings = kind.model_validate(merged)
    except ValidationError as error:
        raise SettingsError(_message(kind, error, origins)) from error
    if layers:
        _expect_readers(settings, *layers[-1])
    return settings


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Return the values of `key=value` texts; a value is JSON where it reads as such, else text.

    >>> parse_assignments(["learning_rate=3e-4", "initial_weights=random", "patience=null"])
    {'learning_rate': 0.0003, 'initial_weights': 'random', 'patience': None}

    Raises:
        SettingsError: Not of that form, or a number that JSON does not have (NaN, Infinity, 1e999).
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, sign, value = assignment.partition("=")
        if not sign or not key.isidentifier():
            raise SettingsError(f"--set: expected key=value, found {assignment!r}")
        try:
            values[key] = json.loads(value)
            json.dumps(values[key], allow_nan=False)
        except json.JSONDecodeError:
            values[key] = value
        except (ValueError, RecursionError) as error:
            raise SettingsError(
                f"--set: {key}={value[:80]} has a number that JSON does not have, or is nested too deeply; "
                "write a plain value"
            ) from error
    return values


def parse_object(text: str) -> dict[str, Any]:
    """Return the values of a JSON object.

    Raises:
        SettingsError: Not of that form.
    """
    try:
        values = json.loads(text)
        json.dumps(values, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"--settings: expected a JSON object, found {text[:80]!r}: {error}") from error
    if not isinstance(values, dict):
        raise SettingsError(f"--settings: expected a JSON object, found {text[:80]!r}")
    return values


def _expect_readers(settings: TrainingSettings, origin: str, values: Mapping[str, Any]) -> None:
    """Refuse values of the outermost layer that nothing reads; defaults of a class may wait for another schedule."""
    held = {
        f"{key}={value}" for key, value in settings.model_dump(include={"schedule", "rate_every"}).items()
    }
    for key, needed in _READ_UNDER.items():
        changed = key in values and getattr(settings, key) != type(settings).model_fields[key].default
        if changed and (lacking := [one for one in needed if one not in held]):
            raise SettingsError(
                f"{origin}: {key}={values[key]} would change nothing: it is read under {' and '.join(needed)}, "
                f"found {' and '.join(sorted(held))}; leave it out, or add --set {' --set '.join(lacking)}"
            )


def _message(kind: type[TrainingSettings], error: ValidationError, origins: Mapping[str, str]) -> str:
    problems = []
    for problem in error.errors():
        key = str(problem["loc"][0]) if problem["loc"] else "settings"
        origin = origins.get(key, "settings")
        if problem["type"] == "extra_forbidden":
            problems.append(f"{origin}: there is no setting {key!r}{meant(key, kind.model_fields)}")
        else:
            problems.append(f"{origin}: {key}={problem['input']!r}: {problem['msg']}")
    return f"{'; '.join(problems)}. Settings: {', '.join(sorted(kind.model_fields))}"
