"""Test images on which a run does best and worst, predictions beside the truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.analysis.figures.figure import Drawn, Figures, LeftOut
from lovt_bench.benchmark.analysis.figures.runs import Cell
from lovt_bench.benchmark.analysis.figures.sheet import Row, Tile, sheet_svg
from lovt_bench.benchmark.analysis.overlay import Marks, picture
from lovt_bench.benchmark.engine.record.image_scores import NotScored, scored_images
from lovt_bench.benchmark.engine.record.marks import MOST_BOXES, Marked, marked
from lovt_bench.benchmark.engine.record.rescore import Stores, stored_predictions
from lovt_bench.tasks.single_images import single_images

_MOST = 4
"""Images in a row."""

_OF_SINGLE = {"masks": "Dice of the image", "boxes": "{} of the image by itself"}


def case_figures(cell: Cell, results: Path, stores: Stores) -> Figures:
    """Yield the images with a finding that the first run of a task scores highest and lowest on.

    Args:
        cell: The runs.
        results: Folder of run records with the predictions beside them.
        stores: What they were measured on.
    """
    yield _drawn(cell, results, stores)


def _drawn(cell: Cell, results: Path, stores: Stores) -> Drawn | LeftOut:
    name = cell.file("cases")
    finished = [record for record in cell.records if record.status == "ok"]
    if not finished:
        return LeftOut(name, "all runs diverged, so that there are no predictions")
    record = finished[0]
    [scored] = scored_images({cell.spec.id: [record]}, results, stores)
    if isinstance(scored, NotScored):
        return LeftOut(name, scored.text)
    scores = single_images(scored.runs[0])
    order = np.flatnonzero(np.isfinite(scores))
    if len(order) < 2:
        return LeftOut(
            name, f"{len(order)} of {len(scores)} test images have a finding; best and worst take 2"
        )
    order = order[np.argsort(-scores[order], kind="stable")]
    most = min(_MOST, len(order) // 2)
    best, worst = order[:most].tolist(), order[::-1][:most].tolist()
    try:
        run = stores.run(record)
        images = marked(run, stored_predictions(run, results), [*best, *worst])
    except ValueError as error:
        return LeftOut(name, f"the file of predictions {error}")
    said = _OF_SINGLE[cell.spec.target].format(cell.spec.metric_label)
    rows = [
        *_rows("Best", images[:most], scores[best]),
        *_rows("Worst", images[most:], scores[worst]),
    ]
    drawn = f" Detections: the {MOST_BOXES} surest of an image, or as many as it has boxes."
    boxes = drawn if cell.spec.target == "boxes" else ""
    return Drawn(
        name=name,
        title=f"{cell.title}: best and worst images",
        source=f"{cell.source_line} · seed {record.run.seed}",
        track=record.track,
        body=sheet_svg(rows),
        notes=[
            f"Blue: ground truth. Orange: predicted.{boxes} Ranked by {said}, among the {len(order)} of {len(scores)} "
            f"test images with a finding; the task's {cell.spec.metric_label} is over all images together. Images are "
            "named by their row in the store."
        ],
    )


def _rows(which: str, images: Sequence[Marked], scores: np.ndarray) -> list[Row]:
    truths = [Tile(picture(image.image, _truth(image)), [f"row {image.row}"]) for image in images]
    founds = [
        Tile(
            picture(image.image, _truth(image), Marks(image.found_mask, image.found_boxes)),
            [f"{100 * score:.1f} %"],
        )
        for image, score in zip(images, scores, strict=True)
    ]
    return [Row(f"{which}: ground truth", truths), Row(f"{which}: with what was predicted", founds)]


def _truth(image: Marked) -> Marks:
    return Marks(image.truth_mask, image.truth_boxes)
