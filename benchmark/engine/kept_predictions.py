"""The predictions of a finished run, beside its record: what is written, and where."""

from __future__ import annotations

import hashlib

from lovt_bench.benchmark.contract.prediction_file import PredictionFile, PredictionHeader, prediction_file
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.engine.prediction_format import to_bytes
from lovt_bench.benchmark.engine.task_plan import TaskPlan
from lovt_bench.tasks.boxes import FRAME
from lovt_bench.tasks.predictions import MaskPredictions, Predictions


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
