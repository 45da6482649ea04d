"""Which faster ways a training takes on a device: by rule, never by a stopwatch."""

from __future__ import annotations

import torch
from torch import nn

from lovt_bench.benchmark.contract.run_record import Engine
from lovt_bench.benchmark.engine.device.unseen import asked_for
from lovt_bench.benchmark.engine.train.kernels.fast_head import fast_head
from lovt_bench.benchmark.engine.train.kernels.step_graph import Step, StepGraph, capture_on_cuda


def head_of(engine: Engine, head: nn.Module, device: torch.device) -> nn.Module:
    """Return the head as the engine trains it on the device: `reference` as it is written."""
    return fast_head(head) if engine == "fast" and device.type == "cpu" else head


def step_on(device: torch.device, step: Step) -> Step:
    """Return a step as the fast engine trains it on a device: as a graph on CUDA where that is asked for."""
    return StepGraph(step, capture_on_cuda) if uses_graphs(device) else step


def uses_graphs(device: torch.device) -> bool:
    """Return whether the fast engine trains heads as CUDA graphs on a device."""
    return device.type == "cuda" and asked_for("cuda-graphs")
