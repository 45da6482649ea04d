"""The two-layer heads: `mlp` of BYOL, PixelPro and MGCA, `pixel_mlp` of PixPro."""

from __future__ import annotations

from torch import nn

from lovt_bench.submissions.common.lightly_parts import modules


def mlp(inputs: int, hidden: int, outputs: int) -> nn.Module:
    """Return linear, BatchNorm, ReLU, linear over (B, inputs); PyTorch's default initialisation.

    The first linear layer has a bias, as the published heads have; lightly's own BYOL heads leave it out.
    """
    inner = (inputs, hidden, nn.BatchNorm1d(hidden), nn.ReLU(), True)
    head: nn.Module = modules.heads.ProjectionHead([inner, (hidden, outputs, None, None)])
    return head


def pixel_mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Return the same at each place of (B, inputs, h, w): 1 x 1 convolutions, BatchNorm over all places."""
    return nn.Sequential(
        nn.Conv2d(inputs, hidden, 1), nn.BatchNorm2d(hidden), nn.ReLU(), nn.Conv2d(hidden, outputs, 1)
    )
