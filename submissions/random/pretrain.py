"""Random: a ResNet-50 as it is drawn. The container leaves one draw; the harness draws anew in each run."""

from __future__ import annotations

from pathlib import Path

from lovt_bench.submissions.common.initial_weights import InitialWeights, initial_backbone
from lovt_bench.submissions.common.untrained import run_untrained


def draw(seed: int) -> InitialWeights:
    """Return torchvision's default initialisation of a ResNet-50, drawn from `seed`."""
    return initial_backbone("random", "resnet50", seed)


if __name__ == "__main__":
    run_untrained(draw, Path(__file__).resolve().parent)
