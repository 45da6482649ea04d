"""Which ResNets of transformers are networks of torchvision, tensor by tensor and stride by stride."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEPTHS: Mapping[tuple[str, tuple[int, ...]], str] = {
    ("basic", (2, 2, 2, 2)): "resnet18",
    ("basic", (3, 4, 6, 3)): "resnet34",
    ("bottleneck", (3, 4, 6, 3)): "resnet50",
    ("bottleneck", (3, 4, 23, 3)): "resnet101",
    ("bottleneck", (3, 8, 36, 3)): "resnet152",
}
_WIDTHS = {"basic": [64, 128, 256, 512], "bottleneck": [256, 512, 1024, 2048]}


def torchvision_name(config: Mapping[str, Any]) -> str | None:
    """Return the name of torchvision's network that a ResNet is; None for one of another kind.

    Args:
        config: Cleaned.
    """
    kind, depths = str(config["layer_type"]), tuple(config["depths"])
    same = (
        config["hidden_sizes"] == _WIDTHS[kind]
        and config["embedding_size"] == 64
        and config["hidden_act"] == "relu"
        and not config["downsample_in_first_stage"]
        and not config["downsample_in_bottleneck"]
    )
    return _DEPTHS.get((kind, depths)) if same else None
