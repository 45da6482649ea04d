"""How much of an evaluation is neither model nor head, loss, metric or optimiser: what the harness adds.

The named parts are timed inside a whole evaluation; the rest is overhead: stores, features on disk, batches,
Lightning's loop, records. A head's first weights are the head's work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import optim

from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.engine import feature_backend, single
from lovt_bench.benchmark.engine.evaluate import Evaluation, evaluate
from lovt_bench.benchmark.engine.linear_batch import _LinearBatch
from lovt_bench.benchmark.engine.training import Training
from lovt_bench.benchmark.malloc import leave_out_imports
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.bench.machine import Machine
from tests.bench.measure import wait
from tests.bench.rows import Row
from tests.bench.world import fixed_draw, noise_store

PROFILE = Profile(
    name="overhead",
    title="For measuring",
    min_train_images=32,
    max_train_images=32,
    max_validation_images=8,
    max_test_images=8,
    max_batch_size=8,
    max_epochs={"linear": 20, "yolov3": 2, "unet": 1, "fine-tuned": 1},
    max_warm_up_steps=1,
    max_learning_rates={"yolov3": 1, "unet": 1, "fine-tuned": 1},
    max_runs=2,
)
TASKS = ["rsna_seg_linear_100", "rsna_frozen_100", "rsna_finetune_100", "covid_unet_frozen"]
WORK: list[tuple[Any, str]] = [
    (feature_backend.TorchFeatures, "__call__"),
    (feature_backend.OnnxFeatures, "__call__"),
    (single, "build_head"),
    (Training, "training_step"),
    (Training, "backward"),
    (Training, "validation_step"),
    (Training, "test_step"),
    (Training, "on_validation_epoch_end"),
    (Training, "on_test_epoch_end"),
    (optim.Adam, "step"),
    (_LinearBatch, "train_epoch"),
    (_LinearBatch, "_measure"),
]
NOT_WORK: list[tuple[Any, str]] = [(_LinearBatch, "_gather")]
"""Reading features within the batched head's loops: overhead."""


def measure(machine: Machine, folder: Path) -> list[Row]:
    """Evaluate one task of each kind at 224 pixels."""
    specs = [load_task(task) for task in TASKS]
    stores = {name: noise_store(folder, name, 64) for name in {spec.dataset for spec in specs}}
    evaluation = Evaluation(
        source=fixed_draw(),
        specs=specs,
        stores=stores,
        protocol=load_protocol("lovt-2022"),
        profile=PROFILE,
        workspace=folder / "overhead",
        device=machine.device,
    )
    leave_out_imports()
    clock = _Clock()
    with clock.watching():
        start = time.perf_counter()
        evaluate(evaluation)
        total = time.perf_counter() - start
    return [
        Row(
            "A whole evaluation against its model, heads, losses, metrics and optimiser, 224 pixels",
            f"{len(TASKS)} tasks, one of each kind",
            "s",
            1,
            clock.seconds,
            total,
            limit=1 / 0.95,
        )
    ]


class _Clock:
    """Adds the time spent in work, and takes away what in it is not."""

    def __init__(self) -> None:
        self.seconds, self._depth = 0.0, 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        own = [(owner, name, vars(owner).get(name)) for owner, name in [*WORK, *NOT_WORK]]
        try:
            for owner, name in WORK:
                setattr(owner, name, self._timed(getattr(owner, name), 1))
            for owner, name in NOT_WORK:
                setattr(owner, name, self._timed(getattr(owner, name), -1))
            yield
        finally:
            for owner, name, function in own:
                if function is None:
                    delattr(owner, name)
                else:
                    setattr(owner, name, function)

    def _timed(self, function: Callable[..., Any], sign: int) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            counts = sign < 0 or self._depth == 0
            self._depth += sign > 0
            wait()
            start = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                wait()
                self._depth -= sign > 0
                if counts:
                    self.seconds += sign * (time.perf_counter() - start)

        return timed
