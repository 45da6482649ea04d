"""Workspaces with tiny stores, evaluated with a backbone that every process can draw: ResNet-18."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from lovt_bench.benchmark.backbone.sources import resolve
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.benchmark.engine.plan.observer import Observer
from lovt_bench.benchmark.engine.train import checkpoint
from lovt_bench.benchmark.engine.worker import ProcessWorker, process_worker
from lovt_bench.benchmark.log import logger
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import NARROW, TINY, tiny_store

TASKS = ("covid_linear", "rsna_frozen_1")
"""A batched head that is tuned, and single runs that are not."""
FEW = TINY.model_copy(update={"max_learning_rates": {"linear": 2, "yolov3": 1, "unet": 1, "fine-tuned": 1}})
RUNS = 2 + 2 + 2
"""Runs of both tasks: two learning rates of the linear one, two repetitions each."""


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


LONG_TASKS = ("covid_unet_finetune", "rsna_finetune_1")
LONG = FEW.model_copy(update={"max_epochs": 6, "max_runs": 1, "max_warm_up_steps": 4})
"""One run of six epochs each."""


def long_evaluation(root: Path) -> Evaluation:
    """Return an evaluation of fine-tunings that are worth a checkpoint. Whoever trains them is an `eager_worker`."""
    return replace(tiny_evaluation(root, LONG_TASKS), profile=LONG)


def eager_worker() -> ProcessWorker:
    """Return the work function of a process that keeps a checkpoint after every epoch, of narrow heads."""
    checkpoint.LEAST_SECONDS, checkpoint.SHARE = 0.0, 0
    for widths, narrow in NARROW:
        widths.update(narrow)
    return process_worker()


def mortal_worker() -> ProcessWorker:
    """Return the same of a process that is killed twice in a workspace: right after the second checkpoint of a run, and
    between the record of a run and the removal of its checkpoint."""
    worker, write, remove = eager_worker(), checkpoint.Checkpoint._write, checkpoint.Checkpoint.remove

    def die_once(self: checkpoint.Checkpoint, where: str) -> None:
        marker = self.folder.parents[2] / f"killed-{where}"
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def write_and_die(self: checkpoint.Checkpoint, epochs: int, state: checkpoint.State) -> None:
        write(self, epochs, state)
        if epochs == 2:
            die_once(self, "within")

    def die_and_remove(self: checkpoint.Checkpoint) -> None:
        die_once(self, "after")
        remove(self)

    checkpoint.Checkpoint._write = write_and_die  # type: ignore[method-assign]
    checkpoint.Checkpoint.remove = die_and_remove  # type: ignore[method-assign]
    return worker


class Activities(Observer):
    """Keeps and logs what jobs say that they do, whichever process says it."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def activity(self, text: str) -> None:
        self.heard.append(text)
        logger.info("%s", text)
