"""Methods at a size that trains in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar

from rich.console import Console

from lovt_bench.submissions.common.module import PretrainingModule
from lovt_bench.submissions.common.settings import TrainingSettings
from lovt_bench.submissions.common.training import RunOptions, TrainingResult, train
from lovt_bench.submissions.common.transformer_module import TransformerSettings

TINY: dict[str, Any] = {"patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2}
"""Options of a vision transformer of 9,000 parameters; its grid at 32 pixels is 4 x 4."""

SettingsT = TypeVar("SettingsT", bound=TrainingSettings)


def small(kind: type[SettingsT], **changes: Any) -> SettingsT:
    """Return settings for 32-pixel views and a ResNet-18 or a tiny transformer from a random draw."""
    values: dict[str, Any] = {"architecture": "resnet18", "initial_weights": "random", "image_side": 32}
    if issubclass(kind, TransformerSettings):
        values |= {"architecture": "timm.vit_tiny_patch16_224", "architecture_options": TINY}
    if "source_side" in kind.model_fields:
        values["source_side"] = 48
    return kind(**{**values, **changes})


def fit(module: PretrainingModule, folder: Path, device: Literal["cpu", "cuda"] = "cpu") -> TrainingResult:
    """Train a method."""
    options = RunOptions(folder=folder / "run", device=device, workers=0, online_evaluation=False)
    return train(module, method="test", digest="0" * 64, seed=1, options=options, console=Console(quiet=True))
