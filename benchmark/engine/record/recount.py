"""Metrics of masks from their counts alone, where no image store is at hand: what a reviewer can do without images."""

from __future__ import annotations

from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.engine.record.prediction_reading import StoredPredictions
from lovt_bench.tasks.predictions import MaskPredictions
from lovt_bench.tasks.registry import load_task
from lovt_bench.tasks.scores import segmentation_scores


def recounted(record: RunRecord, stored: StoredPredictions) -> list[str] | None:
    """Return what the counts of a run contradict in its record, in sentences; None where boxes need the images.

    Args:
        record: A final run that ended well.
        stored: Its predictions.

    Raises:
        ValueError: There is no such task here.
    """
    found, spec = stored.predictions, load_task(record.run.task)
    if stored.header.target != spec.target or stored.header.classes != list(spec.classes):
        return [f"It predicts {stored.header.target} of other classes than {spec.id} has."]
    if len(stored.rows) != record.test_images:
        return [f"It predicts {len(stored.rows)} images; the record counts {record.test_images}."]
    if not isinstance(found, MaskPredictions):
        return None
    again = segmentation_scores(found.counts, spec.classes)
    return [
        f"Its counts give {name} {again[name]!r}; the record says {record.test.get(name)!r}."
        for name in sorted(again.keys() & {*record.test, spec.metric, *spec.extra_metrics})
        if again[name] != record.test.get(name)
    ]
