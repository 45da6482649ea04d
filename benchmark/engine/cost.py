"""What a run costs compared with another, for progress and time left. Decides no number of a result."""

from __future__ import annotations

from benchmark.contract.run_record import Engine
from benchmark.contract.task import TaskSpec
from benchmark.engine.plan import SplitSizes

# Seconds an image at 224 pixels, float32, two CPU cores (docs/performance.md); only their ratios matter.
_HEAD_FORWARD = {"linear": 0.0004, "yolov3": 0.010, "unet": 0.020}
_HEAD_TRAIN = {"linear": 0.0010, "yolov3": 0.033, "unet": 0.065}
_BACKBONE_FORWARD = 0.020
_BACKBONE_TRAIN = 0.080
_FULL_SIDE = 224


def epoch_cost(spec: TaskSpec, sizes: SplitSizes, side: int, engine: Engine) -> float:
    """Return the cost of one epoch of one run, validation included."""
    train, forward = _HEAD_TRAIN[spec.head], _HEAD_FORWARD[spec.head]
    if spec.backbone == "fine-tuned":
        train, forward = train + _BACKBONE_TRAIN, forward + _BACKBONE_FORWARD
    elif engine == "reference":
        train, forward = train + _BACKBONE_FORWARD, forward + _BACKBONE_FORWARD
    return (sizes.train * train + sizes.validation * forward) * (side / _FULL_SIDE) ** 2


def feature_cost(images: int, side: int) -> float:
    """Return the cost of extracting features."""
    return images * _BACKBONE_FORWARD * (side / _FULL_SIDE) ** 2
