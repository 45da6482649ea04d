"""What a finished training goes on predicting with."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from lovt_bench.benchmark.backbone.tokens.stored import StoredTokens
from lovt_bench.benchmark.engine.inputs.sources import CachedTokens
from lovt_bench.benchmark.engine.inputs.splits import SplitData
from lovt_bench.benchmark.engine.inputs.targets import MaskTargets
from lovt_bench.benchmark.engine.train import single


def test_examples_are_drawn_in_the_precision_of_the_training_from_levels_resampled_in_float32(monkeypatch):
    class Head(nn.Module):
        def forward(self, inputs):
            return torch.is_autocast_enabled("cpu"), inputs[4]

    cpu = torch.device("cpu")
    maps = np.random.default_rng(0).standard_normal((2, 3, 5, 5)).astype(np.float16)
    tokens = CachedTokens({32: maps}, StoredTokens(3, 14, "last"), [4], None, 64, cpu)
    masks = MaskTargets(np.zeros((2, 1, 2), np.uint8), 4, cpu)
    head: Any = Head()
    monkeypatch.setattr(single, "mixed_precision", lambda device: torch.autocast("cpu", torch.bfloat16))
    enabled, level = single._predict(head, SplitData(2, tokens, masks), cpu, torch.arange(2))
    assert enabled
    expected = F.interpolate(torch.from_numpy(maps).float(), (16, 16), mode="bilinear", antialias=True)
    torch.testing.assert_close(level, expected, rtol=0, atol=1e-6)
