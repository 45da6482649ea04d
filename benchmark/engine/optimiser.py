"""Adam and the plateau schedule with the protocol's constants (evaluation.md section 1.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn
from torch.optim import Adam
from torch.optim.lr_scheduler import ReduceLROnPlateau

from lovt_bench.benchmark.contract.protocol import OptimisationProtocol


def build_adam(
    parameters: Iterable[nn.Parameter], learning_rate: float, protocol: OptimisationProtocol
) -> Adam:
    """Return Adam with coupled weight decay over one parameter group."""
    return Adam(
        list(parameters),
        lr=learning_rate,
        betas=protocol.adam_betas,
        eps=protocol.adam_epsilon,
        weight_decay=protocol.weight_decay,
        fused=True,
    )


def steps_done(states: Mapping[Any, Mapping[str, Any]]) -> int:
    """Return the steps that changed weights, by the state of an Adam for each of its parameters.

    A fused Adam does not count those that the gradient scaler left out.
    """
    return max((int(state["step"]) for state in states.values() if "step" in state), default=0)


def build_plateau(optimiser: Adam, protocol: OptimisationProtocol) -> ReduceLROnPlateau:
    """Return the schedule on the validation loss: mode min, relative threshold, no cooldown, no minimum."""
    return ReduceLROnPlateau(
        optimiser,
        mode="min",
        factor=protocol.plateau_factor,
        patience=protocol.plateau_patience,
        threshold=protocol.plateau_threshold,
        threshold_mode="rel",
    )
