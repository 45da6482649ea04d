"""Which anchors answer for which boxes (evaluation.md section 7.4, steps 1 to 4), one scale at a time.

No loop over boxes, no host sync. Where two boxes fall on one anchor of one cell the later one wins, always.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from lovt_bench.benchmark.contract.protocol import YoloProtocol
from lovt_bench.tasks.boxes import FRAME, BoxTarget

TINY = 1e-16
"""Keeps logarithm and division finite (evaluation.md section 7.4)."""


@dataclass(frozen=True)
class ScaleTargets:
    """Targets of one scale with A anchors on an S x S grid; rows first, columns last."""

    positive: Tensor
    """(B, A, S, S) bool: this anchor answers for a box."""
    background: Tensor
    """(B, A, S, S) bool: pushed towards no object. May overlap `positive` (a published quirk)."""
    offsets: Tensor
    """(B, A, S, S, 4) float32 t_x, t_y, t_w, t_h; 0 where not positive."""
    classes: Tensor
    """(B, A, S, S, C) bool; several may be set where boxes of different classes meet."""


def shape_iou(sizes: Tensor, anchors: Tensor, plus: float) -> Tensor:
    """Return (..., A) IoU of boxes and anchors placed at one corner, every side lengthened by `plus`.

    Args:
        sizes: (..., 2) width and height.
        anchors: (A, 2), in the same unit.
        plus: 1 for the published convention, 0 for the geometric one.
    """
    sizes, anchors = sizes[..., None, :] + plus, anchors + plus
    overlap = torch.minimum(sizes, anchors).prod(-1)
    return overlap / (sizes.prod(-1) + anchors.prod(-1) - overlap + TINY)


def assign_targets(
    target: BoxTarget,
    scale: int,
    grid: int,
    classes: int,
    protocol: YoloProtocol,
    frame: float = FRAME,
) -> ScaleTargets:
    """Return the targets of one scale.

    Args:
        target: Boxes in the frame.
        scale: Index into the protocol's anchors: 0 is the coarsest.
        grid: S, cells along a side; the stride is frame / grid.
        classes: C.
        protocol: Anchors and rules.
        frame: Side of the frame in pixels.
    """
    device = target.boxes.device
    stride = frame / grid
    plus = 1.0 if protocol.iou_convention == "plus-one" else 0.0
    anchors = _anchors(protocol.anchors[scale], device) / stride
    boxes = target.boxes / stride
    size = boxes[..., 2:]
    centre = boxes[..., :2] + size / 2
    cell = centre.floor().clamp(0, grid - 1)
    iou = shape_iou(size, anchors, plus)
    best = iou.argmax(-1)
    valid = target.valid()
    responsible = valid
    if protocol.target_scales == "best":
        chosen = _best_of_all(target.boxes[..., 2:], protocol, plus)
        here = chosen - sum(len(scale_anchors) for scale_anchors in protocol.anchors[:scale])
        responsible = valid & (here >= 0) & (here < len(anchors))
        best = here.clamp(0, len(anchors) - 1)

    images, count = valid.shape
    positions = len(anchors) * grid * grid
    in_plane = (cell[..., 1] * grid + cell[..., 0]).long()
    slot = torch.where(responsible, best * grid * grid + in_plane, positions)  # the last slot is a bin
    owner = torch.zeros(images, positions + 1, dtype=torch.int64, device=device)
    order = torch.arange(1, count + 1, device=device).expand(images, count)
    owner = owner.scatter_reduce(1, slot, order, "amax")[:, :positions]
    positive = owner > 0

    ratio = size[..., None, :] / anchors
    logs = torch.log(ratio + TINY).gather(-2, best[..., None, None].expand(-1, -1, 1, 2))[..., 0, :]
    offsets = torch.cat([centre - cell, logs], dim=-1)
    offsets = torch.cat([offsets.new_zeros(images, 1, 4), offsets], dim=1)
    offsets = offsets.gather(1, owner[..., None].expand(-1, -1, 4))

    planes = torch.arange(len(anchors), device=device) * grid * grid
    near = (iou > protocol.ignore_iou) & valid[..., None]
    ignored = torch.where(near, planes + in_plane[..., None], positions).flatten(1)
    background = torch.ones(images, positions + 1, dtype=torch.bool, device=device)
    background = background.scatter(1, ignored, False)[:, :positions]
    if protocol.positive_below_ignore == "object-only":
        background = background & ~positive

    labels = torch.zeros_like(slot) if target.classes is None else target.classes
    flags = torch.zeros(images, (positions + 1) * classes, dtype=torch.bool, device=device)
    flags = flags.scatter(1, slot * classes + labels.clamp(0, classes - 1), True)[:, : positions * classes]

    shape = (images, len(anchors), grid, grid)
    return ScaleTargets(
        positive.view(shape), background.view(shape), offsets.view(*shape, 4), flags.view(*shape, classes)
    )


def _anchors(sizes: Sequence[tuple[float, float]], device: torch.device) -> Tensor:
    return _on_device(tuple(sizes), device)


@lru_cache(maxsize=64)
def _on_device(sizes: tuple[tuple[float, float], ...], device: torch.device) -> Tensor:
    # Made once: on CUDA a copy at every step holds up the host.
    return torch.tensor(sizes, dtype=torch.float32, device=device)


def _best_of_all(sizes: Tensor, protocol: YoloProtocol, plus: float) -> Tensor:
    """Return (B, M) the index of each box's best anchor over all scales, by shape IoU in pixels."""
    every = [anchor for scale in protocol.anchors for anchor in scale]
    return shape_iou(sizes, _anchors(every, sizes.device), plus).argmax(-1)
