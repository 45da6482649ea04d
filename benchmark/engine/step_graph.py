"""Forward and backward of a head as a CUDA graph, where that is asked for and gives the same numbers.

The kernels of a small head are shorter than the time the host takes to launch them; a graph launches them all at once.
Off by default: no real GPU has run it yet (`unseen.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from lovt_bench.benchmark.engine.unseen import asked_for
from lovt_bench.benchmark.log import logger

Step = Callable[..., Any]
"""From tensors to one tensor or a sequence of tensors, all differentiable: a function, or a module."""
Capture = Callable[[Step, tuple[Tensor, ...]], Step]

PATIENCE = 50
"""Steps with inputs of one shape before they are captured: capture and comparison take about 20 steps, and a linear
head loses a run whenever one has stopped."""


class StepGraph:
    """Calls a step as it is, and as a graph once it has seen inputs of the same shapes for a while.

    Without gradient, and where the graph was different or impossible, the step is called as it is.

    Args:
        step: Differentiable in its parameters and in those inputs that require a gradient. Inputs of the same shapes
            must take the same way through it.
        capture: Returns the step as a graph for inputs like the given ones, which it may keep as its buffers.
        patience: Steps before a capture.
    """

    def __init__(self, step: Step, capture: Capture, patience: int = PATIENCE) -> None:
        self._step, self._capture, self._patience = step, capture, patience
        self._layout: object = None
        self._seen = 0
        self._replay: Step | None = None
        self._equal: bool | None = None
        """None until a graph was compared; False for good."""
        self.used = False
        """Whether a step was replayed as a graph."""

    def __call__(self, *inputs: Tensor) -> Any:
        if self._equal is False or not torch.is_grad_enabled():
            return self._step(*inputs)
        layout = [(each.shape, each.stride(), each.dtype, each.requires_grad) for each in inputs]
        if layout != self._layout:
            self._layout, self._seen, self._replay = layout, 0, None
        self._seen += 1
        if self._seen > self._patience and self._replay is None:
            self._replay = self._captured(inputs)
        self.used = self.used or self._replay is not None
        return (self._replay or self._step)(*inputs)

    def _captured(self, inputs: Sequence[Tensor]) -> Step | None:
        sample = tuple(each.detach().clone().requires_grad_(each.requires_grad) for each in inputs)
        with _KeepBuffers(self._step), _without_autocast_cache(sample[0].device):
            try:
                replay = self._capture(self._step, sample)
                if self._equal is None:
                    self._equal = _same(replay, self._step, sample)
            except Exception as error:  # a step that cannot be captured raises whatever its library does
                logger.debug("CUDA graph: not used: %s", error)
                self._equal = False
        return replay if self._equal else None


def capture_on_cuda(step: Step, sample: tuple[Tensor, ...]) -> Step:
    """Return the step as a CUDA graph. Other threads, which load batches, may go on meanwhile."""
    # Torch replaces the forward of the module that it is given: not of one that others call.
    module = _Forward(step) if isinstance(step, nn.Module) else step
    graphed: Step = torch.cuda.make_graphed_callables(module, sample, capture_error_mode="thread_local")
    return graphed


def step_on(device: torch.device, step: Step) -> Step:
    """Return a step as the fast engine trains it on a device: as a graph on CUDA where that is asked for."""
    return StepGraph(step, capture_on_cuda) if uses_graphs(device) else step


def uses_graphs(device: torch.device) -> bool:
    """Return whether the fast engine trains heads as CUDA graphs on a device."""
    return device.type == "cuda" and asked_for("cuda-graphs")


class GraphedHead:
    """Calls a head on feature levels by stride, as a graph once it was seen for a while."""

    def __init__(self, head: nn.Module, capture: Capture = capture_on_cuda, patience: int = PATIENCE) -> None:
        self._by_position = _ByPosition(head)
        self._graph = StepGraph(self._by_position, capture, patience)

    @property
    def used(self) -> bool:
        """Whether a step was replayed as a graph."""
        return self._graph.used

    def __call__(self, levels: Mapping[int, Tensor]) -> Any:
        """Return the head's output."""
        self._by_position.strides = tuple(levels)
        return self._graph(*levels.values())


class _Forward(nn.Module):
    def __init__(self, step: nn.Module) -> None:
        super().__init__()
        self.step = step

    def forward(self, *inputs: Tensor) -> Any:
        return self.step(*inputs)


class _ByPosition(nn.Module):
    """A head that takes its levels one by one: graphs know no mappings."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.head = head
        self.strides: tuple[int, ...] = ()

    def forward(self, *levels: Tensor) -> Any:
        return self.head(dict(zip(self.strides, levels, strict=True)))


class _KeepBuffers:
    """Restores the buffers of a module in place: trial passes must not move the statistics of batch norm."""

    def __init__(self, step: Step) -> None:
        self._buffers = list(step.buffers()) if isinstance(step, nn.Module) else []

    def __enter__(self) -> None:
        self._values = [buffer.clone() for buffer in self._buffers]

    @torch.no_grad()
    def __exit__(self, kind: object, error: object, trace: object) -> None:
        for buffer, value in zip(self._buffers, self._values, strict=True):
            buffer.copy_(value)


def _without_autocast_cache(device: torch.device) -> torch.autocast:
    """Return the autocast that is on, with weights cast anew: casts of a cache would lie outside the graph."""
    kind = device.type
    enabled, dtype = torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)
    return torch.autocast(kind, dtype=dtype, enabled=enabled, cache_enabled=False)


def _same(replay: Step, step: Step, sample: tuple[Tensor, ...]) -> bool:
    """Return whether the graph differs from the step no more than four times what the step differs from itself."""
    expected, again, found = (_pass(each, step, sample) for each in (step, step, replay))
    noise, difference = _difference(again, expected), _difference(found, expected)
    if not difference <= 4 * noise:
        logger.warning(
            "CUDA graph: differs by %.1e (the step from itself by %.1e); not used", difference, noise
        )
        return False
    return True


def _pass(call: Step, step: Step, sample: tuple[Tensor, ...]) -> list[Tensor]:
    """Return outputs and gradients of one pass."""
    outputs = tree_leaves(call(*sample))
    parameters = list(step.parameters()) if isinstance(step, nn.Module) else []
    wanted = [*parameters, *(each for each in sample if each.requires_grad)]
    total = torch.stack([output.float().square().mean() for output in outputs]).sum()
    gradients = torch.autograd.grad(total, wanted)
    # Copies: a graph writes its next outputs to the same place.
    return [each.detach().clone() for each in (*outputs, *gradients)]


def _difference(found: Sequence[Tensor], expected: Sequence[Tensor]) -> float:
    """Return the largest difference relative to a tensor's largest value; NaN where one is NaN."""
    differences = [
        (one.float() - other.float()).abs().amax() / other.float().abs().amax().clamp_min(1e-30)
        for one, other in zip(found, expected, strict=True)
    ]
    return float(torch.stack(differences).amax())
