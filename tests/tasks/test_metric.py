"""The names that a task file may ask for are the names that its evaluation gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tasks.boxes import BoxTarget
from tasks.metric import metric_names
from tasks.objective import build_objective
from tasks.protocol import load_protocol
from tests.tasks.lovt_18 import LOVT_18

SPECS = LOVT_18


@pytest.mark.parametrize("task", [1, 15, 10, 18])
def test_an_extended_pass_gives_every_name(task: int):
    spec = SPECS[task - 1]
    metrics = build_objective(spec, load_protocol()).new_metrics(extended=True)
    if spec.target == "boxes":
        maps = [torch.zeros(1, 18, grid, grid) for grid in (1, 2, 4)]
        metrics.update(maps, BoxTarget.pack([np.array([(60, 80, 60, 80)])]))
    else:
        masks = torch.ones(1, len(spec.classes), 4, 4, dtype=torch.uint8)
        metrics.update(torch.zeros(masks.shape), masks)
    assert sorted(metrics.compute()) == sorted(metric_names(spec))
