"""Target networks follow by a moving average of parameters, and by nothing else."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lovt_bench.submissions.common.mlp import mlp
from lovt_bench.submissions.common.moving_average import target_copy, update_average


def test_parameters_move_and_batch_norm_statistics_stay():
    online = mlp(3, 4, 2)
    target = target_copy(online)
    for parameter in online.parameters():
        nn.init.normal_(parameter)
    online(torch.randn(8, 3) + 5)
    before = {name: value.clone() for name, value in target.state_dict().items()}
    update_average(target, online, 0.9)
    for name, value in online.state_dict().items():
        expected = before[name] if "running" in name or "num" in name else 0.9 * before[name] + 0.1 * value
        assert torch.allclose(target.state_dict()[name], expected, atol=1e-6), name
    assert not any(parameter.requires_grad for parameter in target.parameters())


def test_networks_of_two_structures_are_refused():
    with pytest.raises(ValueError, match="not of one structure"):
        update_average(nn.Linear(2, 2), nn.Linear(2, 2, bias=False), 0.5)
