"""Heads: networks that turn a backbone's feature maps into the output of a task. One file each, found by its name.

A file has `HEAD`, what it says of itself (`tasks.head`), and `build(channels, classes, protocol, divisor)`,
whose hidden widths are divided by `divisor`. Feature maps travel
as a mapping from stride to tensor (stride 1 is the normalised image), so that no head knows an architecture by name.
Masks are learnt from logits (B, classes, S, S). A head that learns boxes also has `loss(output, target, protocol)`, a
scalar, and `detect(output, protocol)`, which returns `Detections`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.tasks.head import heads

if TYPE_CHECKING:
    from torch import nn


def head_module(name: str) -> Any:
    """Import and return the file of a head."""
    return importlib.import_module(f"{__name__}.{name}")


def head_strides(spec: TaskSpec) -> tuple[int, ...]:
    """Return the strides of the feature maps that the task's head reads, ascending; 1 is the image itself."""
    return heads()[spec.head].strides


def build_head(spec: TaskSpec, channels: Mapping[int, int], protocol: Protocol) -> nn.Module:
    """Return the task's head, freshly initialised from torch's current generator.

    Args:
        spec: The task.
        channels: Channels of each of the backbone's feature levels, keyed by stride.
        protocol: Says how many anchors a scale has.

    Raises:
        ValueError: The backbone lacks a stride that the head needs.
    """
    missing = [stride for stride in head_strides(spec) if stride != 1 and stride not in channels]
    if missing:
        raise ValueError(
            f"task {spec.id}: head {spec.head} needs feature levels of strides {missing}, "
            f"the backbone has {sorted(channels)}; declare them in its levels"
        )
    build = head_module(spec.head).build
    head: nn.Module = build(channels, len(spec.classes), protocol, spec.head_width_divisor)
    return head
