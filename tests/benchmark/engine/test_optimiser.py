"""Steps that a gradient scaler leaves out are known from the optimiser, without asking after each step."""

from __future__ import annotations

import torch

from lovt_bench.benchmark.engine.optimiser import build_adam, steps_done
from lovt_bench.tasks.protocol import load_protocol


def test_steps_that_the_scaler_left_out_are_not_among_the_steps_done():
    weight = torch.nn.Parameter(torch.ones(3))
    adam = build_adam([weight], 0.1, load_protocol("lovt-2022").optimisation)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    assert steps_done(adam.state) == 0
    for factor in (1.0, float("inf"), 2.0, float("nan"), 1.0):
        adam.zero_grad()
        before = weight.detach().clone()
        scaler.scale((weight * factor).sum()).backward()
        scaler.step(adam)
        scaler.update()
        assert torch.equal(before, weight) == (factor not in (1.0, 2.0))
    assert steps_done(adam.state) == 3
