"""What a finished training goes on predicting with."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from lovt_bench.benchmark.contract.dataset import PixelStatistics
from lovt_bench.benchmark.engine import single
from lovt_bench.benchmark.engine.inputs import Images
from lovt_bench.benchmark.engine.loaders import SplitData
from lovt_bench.benchmark.engine.targets import MaskTargets


def test_examples_are_drawn_in_the_precision_of_the_training(monkeypatch):
    class Head(nn.Module):
        def forward(self, inputs):
            return torch.is_autocast_enabled("cpu"), inputs[1].shape

    cpu = torch.device("cpu")
    images = Images(np.zeros((2, 4, 4), np.uint8), PixelStatistics(mean=0.5, std=0.2), cpu)
    masks = MaskTargets(np.zeros((2, 1, 2), np.uint8), 4, cpu)
    head: Any = Head()
    monkeypatch.setattr(single, "mixed_precision", lambda device: torch.autocast("cpu", torch.bfloat16))
    enabled, shape = single._predict(head, SplitData(2, images, masks), cpu, torch.arange(2))
    assert enabled
    assert shape == (2, 3, 4, 4)
