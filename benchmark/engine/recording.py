"""The record of a finished run."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version

import torch

from lovt_bench.benchmark.backbone.platform import platform_of
from lovt_bench.benchmark.contract.made_with import MadeWith
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.engine.outcome import RunOutcome
from lovt_bench.benchmark.engine.plan import RunConfig
from lovt_bench.benchmark.engine.task_plan import TaskPlan
from lovt_bench.benchmark.engine.usage import ENERGY_SOURCE, Usage

_PACKAGES = ("lovt-bench", "torch", "torchvision", "lightning", "torchmetrics", "numpy")


def make_record(plan: TaskPlan, config: RunConfig, outcome: RunOutcome, usage: Usage) -> RunRecord:
    """Return the record of a run of the task."""
    key, device, manifest = plan.key(config), plan.evaluation.device, plan.store.manifest
    return RunRecord(
        key=key.key(),
        run=key,
        submission=plan.evaluation.source.name,
        track=manifest.track,
        splits=manifest.splits,
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        precision=plan.precision,
        made_with=made_with(plan, config, outcome, usage),
        status="diverged" if outcome.diverged else "ok",
        monitor=plan.spec.monitor,
        metric=plan.spec.metric,
        grid_edge=plan.grid_edge(config),
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


def made_with(plan: TaskPlan, config: RunConfig, outcome: RunOutcome, usage: Usage) -> MadeWith:
    """Return what made a run, as this process is set up now."""
    return MadeWith(
        **dict(platform_of(plan.evaluation.device)),
        feature_library=plan.data.feature_library(config.seed),
        winograd=outcome.how.winograd,
        cuda_graph=outcome.how.cuda_graph,
        steps=outcome.how.steps,
        skipped_steps=outcome.how.skipped_steps,
        peak_host_bytes=usage.peak_host_bytes,
        peak_device_bytes=usage.peak_device_bytes,
        energy_source=ENERGY_SOURCE if usage.energy_joules is not None else None,
    )
