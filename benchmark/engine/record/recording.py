"""The record of a finished run, and the predictions beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version

import torch

from lovt_bench.benchmark.backbone.platform import platform_of
from lovt_bench.benchmark.contract.made_with import MadeWith
from lovt_bench.benchmark.contract.prediction_file import PredictionFile, PredictionHeader, prediction_file
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.engine.device.usage import ENERGY_SOURCE, Usage
from lovt_bench.benchmark.engine.inputs.targets import packed_masks
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.plan.task_plan import TaskPlan
from lovt_bench.benchmark.engine.record.prediction_format import to_bytes
from lovt_bench.benchmark.engine.train.outcome import RunOutcome
from lovt_bench.tasks.boxes import FRAME
from lovt_bench.tasks.predictions import MaskPredictions, Predictions
from lovt_bench.tasks.scores import scores_beside

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
        test=outcome.test | _beside(plan, outcome.predictions),
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
        versions=dict(_versions()),
        measured_by=plan.evaluation.measured_by,
    )


def _beside(plan: TaskPlan, found: Predictions | None) -> dict[str, float]:
    """Return the metrics of masks that the protocol measures beside; those of boxes come with the others."""
    if not isinstance(found, MaskPredictions):
        return {}
    rows = plan.store.rows("test")[: plan.sizes.test]
    return scores_beside(
        found, plan.spec, plan.evaluation.protocol, lambda: packed_masks(plan.store, rows, found.side)
    )


@cache
def _versions() -> Mapping[str, str]:
    return {package: version(package) for package in _PACKAGES}


def made_with(plan: TaskPlan, config: RunConfig, outcome: RunOutcome, usage: Usage) -> MadeWith:
    """Return what made a run, as this process is set up now."""
    return MadeWith(
        **dict(platform_of(plan.evaluation.device)),
        feature_library=plan.data.feature_library(config.seed),
        forward_images_per_second=plan.data.forward_speed(config.seed),
        winograd=outcome.how.winograd,
        cuda_graph=outcome.how.cuda_graph,
        steps=outcome.how.steps,
        skipped_steps=outcome.how.skipped_steps,
        peak_host_bytes=usage.peak_host_bytes,
        peak_device_bytes=usage.peak_device_bytes,
        energy_source=ENERGY_SOURCE if usage.energy_joules is not None else None,
    )


def with_predictions(
    plan: TaskPlan, record: RunRecord, found: Predictions | None
) -> tuple[RunRecord, bytes | None]:
    """Return the record naming the file of its predictions, and the content of that file.

    Args:
        plan: The task.
        record: Record of a run of the task.
        found: What the run predicts for the test split; None where it has none.
    """
    if found is None:
        return record, None
    masks = isinstance(found, MaskPredictions)
    header = PredictionHeader(
        key=record.key,
        target=plan.spec.target,
        classes=plan.spec.classes,
        side=found.side if isinstance(found, MaskPredictions) else int(FRAME),
    )
    rows = plan.store.rows("test")[: plan.sizes.test]
    content = to_bytes(header, rows, found, plan.evaluation.masks)
    kept = PredictionFile(
        file=prediction_file(record.run.task, record.key),
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        masks=plan.evaluation.masks if masks else None,
    )
    return record.model_copy(update={"predictions": kept}), content
