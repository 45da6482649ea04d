"""Workspaces with tiny stores, evaluated with a backbone that every process can draw: ResNet-18."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from benchmark.backbone.sources import resolve
from benchmark.engine.evaluate import Evaluation
from tasks.protocol import load_protocol
from tasks.registry import load_task
from tests.benchmark.engine.world import TINY, tiny_store

TASKS = ("covid_linear", "rsna_frozen_1")
"""A batched head that is tuned, and single runs that are not."""
FEW = TINY.model_copy(update={"max_learning_rates": {"linear": 2, "yolov3": 1, "unet": 1, "fine-tuned": 1}})
RUNS = 2 + 2 + 2
"""Of both tasks: two learning rates of the linear one, two repetitions each."""


def tiny_evaluation(root: Path, tasks: tuple[str, ...] = TASKS, **changes: Any) -> Evaluation:
    """Return an evaluation of a drawn ResNet-18 on stores below `root`, written where they are not there."""
    specs = [load_task(task) for task in tasks]
    return Evaluation(
        source=resolve("random-resnet18", root),
        specs=specs,
        stores={name: tiny_store(root, name) for name in {spec.dataset for spec in specs}},
        protocol=load_protocol("lovt-2022"),
        profile=FEW,
        workspace=root,
        device=torch.device("cpu"),
        **changes,
    )
