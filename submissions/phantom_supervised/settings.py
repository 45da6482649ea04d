"""Hyperparameters, given as `--set key=value`."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field, PositiveFloat, PositiveInt, ValidationError

from benchmark.contract.base import Model


class Settings(Model):
    """Defaults take about half a minute on two CPU cores."""

    architecture: str = "resnet50"
    side: int = Field(default=96, ge=64, le=224, multiple_of=32)
    """Image side in pixels; batches alternate between `side - 32` and `side`."""
    steps: PositiveInt = 40
    batch: int = Field(default=16, ge=2)
    learning_rate: PositiveFloat = 3e-3
    """Peak of a one-cycle schedule."""
    weight_decay: float = Field(default=1e-6, ge=0)
    max_images: PositiveInt = 256
    """Of each split, in the order of the tables."""

    @property
    def sides(self) -> tuple[int, int]:
        return self.side - 32, self.side


def parse_settings(assignments: Iterable[str]) -> Settings:
    """Return the settings that `key=value` texts describe.

    Raises:
        ValueError: not of that form, an unknown key, or a value out of range.
    """
    pairs = [assignment.partition("=") for assignment in assignments]
    if bad := [key for key, sign, _ in pairs if not sign]:
        raise ValueError(f"expected key=value, found {', '.join(bad)}")
    try:
        return Settings.model_validate_strings({key: value for key, _, value in pairs})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors())
        raise ValueError(f"{problems}. Settings: {', '.join(Settings.model_fields)}") from error
