"""Recorded runs of a backbone as what a metric of weighted images needs of them, with whom the images show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.engine.inputs.targets import box_targets
from lovt_bench.benchmark.engine.record.prediction_reading import PredictionError, StoredPredictions
from lovt_bench.benchmark.engine.record.rescore import ScoredRun, Stores, check_fits, stored_predictions
from lovt_bench.tasks.predictions import MaskPredictions
from lovt_bench.tasks.weighing import weigh_boxes, weigh_masks
from lovt_bench.tasks.weighted import Weighted


@dataclass(frozen=True)
class ScoredImages:
    """A cell of the board by its test images."""

    task: str
    metric: str
    records: list[RunRecord]
    """By seed."""
    runs: list[Weighted]
    """One of each record."""
    classes: list[str]
    index: pd.DataFrame
    """(N rows) what the store knows of each image; its columns of people may be absent."""

    @property
    def edition(self) -> tuple[str, str]:
        """Digests of image store and task specification."""
        return self.records[0].run.dataset_sha256, self.records[0].run.task_sha256

    @property
    def people(self) -> list[str] | None:
        """Whom each image shows; None where the store knows nobody. An image of an unknown patient is its own."""
        if "patient" not in self.index or self.index["patient"].isna().all():
            return None
        known, own = self.index["patient"], self.index["id"].astype("string")
        return [f"image {one}" if pd.isna(who) else str(who) for who, one in zip(known, own, strict=True)]


@dataclass(frozen=True)
class NotScored:
    """A task of which nothing can be said by images."""

    task: str
    text: str
    """Why, in words."""


def scored_images(
    cells: Mapping[str, Sequence[RunRecord]], results: Path, stores: Stores
) -> Iterator[ScoredImages | NotScored]:
    """Yield cells by images.

    Args:
        cells: By task, final runs that differ in their seed alone.
        results: Folder of run records with the predictions beside them.
        stores: What they are held against.
    """
    for task, records in cells.items():
        yield _cell(task, sorted(records, key=lambda record: record.run.seed), results, stores)


def _cell(task: str, records: list[RunRecord], results: Path, stores: Stores) -> ScoredImages | NotScored:
    if any(record.status == "diverged" for record in records):
        return NotScored(task, "a run diverged, so that the cell has no score")
    found: list[Weighted] = []
    for record in records:
        try:
            run = stores.run(record)
            stored = stored_predictions(run, results)
            check_fits(run, stored)
            found.append(_weighted(run, stored, record.metric))
        except PredictionError as error:
            return NotScored(task, f"the predictions of seed {record.run.seed} {error}")
        except ValueError as error:
            return NotScored(task, str(error))
    return ScoredImages(
        task=task,
        metric=records[0].metric,
        records=records,
        runs=found,
        classes=list(run.spec.classes),
        index=run.store.index.iloc[run.rows].reset_index(drop=True),
    )


def _weighted(run: ScoredRun, stored: StoredPredictions, metric: str) -> Weighted:
    found = stored.predictions
    if isinstance(found, MaskPredictions):
        return weigh_masks(found.counts, run.spec.classes, metric)
    target = box_targets(run.store, run.rows, torch.device("cpu")).batch(torch.arange(len(run.rows)))
    return weigh_boxes(found, target, len(run.spec.classes), run.protocol.metrics, metric)
