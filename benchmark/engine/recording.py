"""The record of a finished run."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version

import torch

from benchmark.contract.run_record import RunRecord
from benchmark.engine.outcome import RunOutcome
from benchmark.engine.plan import RunConfig
from benchmark.engine.task_plan import TaskPlan
from benchmark.engine.usage import Usage

_PACKAGES = ("lovt-bench", "torch", "torchvision", "lightning", "torchmetrics", "numpy")


def make_record(plan: TaskPlan, config: RunConfig, outcome: RunOutcome, usage: Usage) -> RunRecord:
    """Return the record of a run of the task."""
    key, device, manifest = plan.key(config), plan.evaluation.device, plan.store.manifest
    mixed = device.type == "cuda" and not plan.batched
    return RunRecord(
        key=key.key(),
        run=key,
        submission=plan.evaluation.source.name,
        track=manifest.track,
        splits=manifest.splits,
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        precision="float16-mixed" if mixed else "float32",
        status="diverged" if outcome.diverged else "ok",
        monitor=plan.spec.monitor,
        metric=plan.spec.metric,
        validation=outcome.validation,
        test=outcome.test,
        best_epoch=outcome.best_epoch,
        epochs=outcome.epochs,
        train_images=plan.sizes.train,
        validation_images=plan.sizes.validation,
        test_images=plan.sizes.test,
        seconds=round(outcome.seconds, 3),
        peak_memory_bytes=usage.peak_memory_bytes,
        energy_joules=usage.energy_joules,
        history=outcome.history,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={package: version(package) for package in _PACKAGES},
        measured_by=plan.evaluation.measured_by,
    )
