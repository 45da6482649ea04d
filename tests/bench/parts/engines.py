"""The fast engine against the reference engine: a task with tuning and repetitions, extraction of features included."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.contract.run_record import Engine
from lovt_bench.benchmark.engine.evaluate import Evaluation, evaluate
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.bench.machine import Machine
from tests.bench.measure import seconds_of
from tests.bench.rows import Row
from tests.bench.world import fixed_draw, noise_store

PROFILE = Profile(
    name="bench",
    title="For measuring",
    min_train_images=24,
    max_train_images=24,
    max_validation_images=8,
    max_test_images=8,
    max_batch_size=8,
    max_epochs=20,
    max_patience=20,
    max_warm_up_steps=2,
)
ONE_RUN = {"yolov3": 1, "unet": 1, "fine-tuned": 1}


def _one_run(epochs: int) -> Profile:
    return PROFILE.model_copy(update={"max_epochs": epochs, "max_runs": 1, "max_learning_rates": ONE_RUN})


KINDS = {
    "linear": ("rsna_seg_linear_1", PROFILE, 50.0),
    "YOLOv3 frozen": ("rsna_frozen_10", _one_run(10), 2.0),
    "U-Net frozen": ("covid_unet_frozen", _one_run(2), None),
    "YOLOv3 fine-tuned": ("rsna_finetune_10", _one_run(2), None),
}


def measure(machine: Machine, folder: Path) -> list[Row]:
    """Evaluate a drawn ResNet-50 on noise images of 224 pixels with either engine."""
    return [_kind(machine, folder, name, *case) for name, case in KINDS.items()]


def _kind(machine: Machine, folder: Path, name: str, task: str, profile: Profile, limit: float | None) -> Row:
    spec = load_task(task)
    store = noise_store(folder, spec.dataset, 48)
    engines: tuple[Engine, ...] = ("fast", "reference")
    best = dict.fromkeys(engines, float("inf"))
    runs = 0
    for _ in range(2 if name == "YOLOv3 frozen" else 1):
        for engine in engines:
            workspace = folder / "engines"
            evaluation = Evaluation(
                source=fixed_draw(),
                specs=[spec],
                stores={spec.dataset: store},
                protocol=load_protocol("lovt-2022"),
                profile=profile,
                workspace=workspace,
                device=machine.device,
                engine=engine,
            )
            best[engine] = min(best[engine], seconds_of(partial(_done, evaluation)))
            lines = [path.read_text().count("\n") for path in workspace.rglob("*.jsonl")]
            runs = sum(lines)
            shutil.rmtree(workspace)
    return Row(
        "Fast engine against reference engine, 224 pixels, 24 training images, features extracted within",
        f"{name} ({runs} runs, {profile.max_epochs} epochs)",
        "s",
        1,
        best["reference"],
        best["fast"],
        kind="faster",
        limit=limit,
    )


def _done(evaluation: Evaluation) -> None:
    (result,) = evaluate(evaluation)
    if result.status != "done":
        raise RuntimeError(result.reason)
