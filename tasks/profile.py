"""Profiles applied to tasks. Applying `paper` changes nothing."""

from __future__ import annotations

from pathlib import Path

from benchmark.contract.profile import Kind, Profile
from benchmark.contract.strict_yaml import read_yaml
from benchmark.contract.task import TaskSpec, WarmUp
from benchmark.contract.unknown import unknown

_FOLDER = Path(__file__).parent / "profiles"


def profiles() -> list[str]:
    """Return the names of all profiles."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def load_profile(name: str) -> Profile:
    """Return the profile of that name. Raises ValueError that lists the known ones."""
    if name not in profiles():
        raise ValueError(unknown("profile", name, profiles()))
    return Profile.model_validate(read_yaml(_FOLDER / f"{name}.yaml"))


def kind_of(spec: TaskSpec) -> Kind:
    """Return what decides the cost of a task's runs."""
    return "fine-tuned" if spec.backbone == "fine-tuned" else spec.head


def apply_profile(spec: TaskSpec, profile: Profile) -> TaskSpec:
    """Return the task as the profile runs it: batch size, grid, epochs, patience and warm-up limited."""
    kind = kind_of(spec)
    grid = spec.learning_rates[: profile.max_learning_rates.get(kind)]
    warm_up = spec.warm_up and WarmUp(
        steps=_limited(spec.warm_up.steps, profile.max_warm_up_steps),
        learning_rate=spec.warm_up.learning_rate,
    )
    return spec.model_copy(
        update={
            "batch_size": _limited(spec.batch_size, profile.max_batch_size),
            "learning_rates": grid,
            "max_epochs": _limited(spec.max_epochs, profile.limit("max_epochs", kind)),
            "patience": _limited(spec.patience, profile.max_patience),
            "warm_up": warm_up,
        }
    )


def _limited(value: int, limit: int | None) -> int:
    return value if limit is None else min(value, limit)
