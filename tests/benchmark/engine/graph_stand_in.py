"""A step as `torch.cuda.make_graphed_callables` gives it, on a CPU: the same buffers in and out at every replay."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_unflatten


class StandIn:
    """Captures steps and counts captures and replays.

    Args:
        instead: Taken into the graph in place of the step that is given.
    """

    def __init__(self, instead: Any = None) -> None:
        self.instead, self.captures, self.replays = instead, 0, 0
        self.inside = False

    def pause(self) -> None:
        """Take the time that launching kernels takes: none in a graph."""
        if not self.inside:
            time.sleep(0.01)

    def __call__(self, step: Any, sample: tuple[Tensor, ...]) -> Any:
        self.captures += 1
        work = self.instead or step
        parameters = list(step.parameters()) if isinstance(step, nn.Module) else []
        for _ in range(3):
            work(*sample)  # torch warms up too: batch norm would move
        held, structure = tree_flatten(work(*sample))
        held = [each.detach().clone() for each in held]

        class Replay(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, *inputs: Tensor) -> tuple[Tensor, ...]:
                self.replays += 1
                for buffer, value in zip(sample, inputs, strict=False):
                    buffer.copy_(value)
                self.inside = True
                with torch.enable_grad():
                    ctx.outputs = tree_flatten(work(*sample))[0]
                self.inside = False
                for buffer, value in zip(held, ctx.outputs, strict=True):
                    buffer.copy_(value.detach())
                return tuple(each.detach() for each in held)

            @staticmethod
            def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
                surface: Sequence[Tensor] = [*sample, *parameters]
                found = iter(
                    torch.autograd.grad(
                        ctx.outputs, [each for each in surface if each.requires_grad], gradients
                    )
                )
                return tuple(next(found) if each.requires_grad else None for each in surface)

        return lambda *inputs: tree_unflatten(list(Replay.apply(*inputs, *parameters)), structure)
