"""ImageNet: torchvision's ResNet-50 weights, converted. Nothing is learnt and nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

from lovt_bench.submissions.common.initial_weights import InitialWeights, initial_backbone
from lovt_bench.submissions.common.untrained import run_untrained


def convert(seed: int) -> InitialWeights:
    """Return the IMAGENET1K_V1 weights; the seed decides nothing."""
    return initial_backbone("imagenet", "resnet50", seed)


if __name__ == "__main__":
    run_untrained(convert, Path(__file__).resolve().parent)
