"""What is exported, pycocotools scores: its mAP is the recorded one, its masks are those of the run."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from lovt_bench.benchmark.engine.coco_export import ground_truth, results, write_coco
from lovt_bench.benchmark.engine.kept_predictions import with_predictions
from lovt_bench.benchmark.engine.plan import RunConfig
from lovt_bench.benchmark.engine.prediction_format import PredictionError, from_bytes
from lovt_bench.benchmark.engine.rescore import ScoredRun
from lovt_bench.benchmark.engine.targets import box_targets
from lovt_bench.benchmark.engine.task_plan import TaskPlan
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.metrics.dice import SegmentationMetrics
from lovt_bench.tasks.registry import load_task
from lovt_bench.tasks.scores import detection_scores
from tests.benchmark.engine.test_records import record
from tests.benchmark.engine.test_rescore import TWO, evaluation
from tests.benchmark.engine.world import tiny_store

CPU = torch.device("cpu")


def a_run(tmp_path, task, **changes):
    """Return a plan of a task, and what a run of it was measured on."""
    spec = load_task(task)
    store = tiny_store(tmp_path, spec.dataset, images=80)
    profile = TWO.model_copy(update={"max_test_images": None})
    plan = TaskPlan(evaluation(tmp_path, {spec.dataset: store}, [task], profile=profile, **changes), spec)
    key = plan.key(RunConfig("final", 0.01, 7))
    fields = {"run": key, "key": key.key(), "test_images": plan.sizes.test}
    written = record().model_copy(update=fields)
    return plan, ScoredRun(written, plan.spec, plan.evaluation.protocol, profile.image_side, store)


def boxes_of(run, seed=0):
    """Return detections around the true boxes and elsewhere, more than COCO looks at in one image, with ties."""
    rng = np.random.default_rng(seed)
    boxes, scores, counts = [], [], []
    for place, row in enumerate(run.rows):
        count = 130 if place == 1 else int(rng.integers(0, 6))
        true = run.store.boxes(int(row))[0]
        near = true + rng.normal(0, 6, (count, 4))
        near[:, 2:] = np.abs(near[:, 2:]) + 1
        boxes.append(near)
        scores.append(np.sort(rng.choice(np.linspace(0.2, 1, 40), count))[::-1])
        counts.append(count)
    found = torch.from_numpy(np.concatenate(boxes).astype(np.float32))
    found[3, 2:] = torch.inf
    n = len(found)
    return Detections(
        found,
        torch.from_numpy(np.concatenate(scores).astype(np.float32)),
        torch.zeros(n, dtype=torch.int64),
        torch.ones(n),
        torch.tensor(counts),
    )


def stored(plan, run, found):
    _, content = with_predictions(plan, run.record, found)
    assert content is not None
    return from_bytes(content)


@pytest.mark.parametrize("task", ["rsna_frozen_1", "object_frozen_100"])
def test_pycocotools_gives_the_recorded_coco_map(tmp_path, task, capsys):
    plan, run = a_run(tmp_path, task)
    found = boxes_of(run)
    target = box_targets(run.store, run.rows, CPU).batch(torch.arange(len(run.rows)))
    recorded = detection_scores(found, target, 1, run.protocol)["coco_mAP"]
    assert 0.05 < recorded < 0.95
    out = tmp_path / "coco"
    files = write_coco(out, [(run, results(run, stored(plan, run, found)))])
    assert [file.name for file in files] == ["annotations.json", "seed-7.json"]
    truth = COCO(str(files[0]))
    score = COCOeval(truth, truth.loadRes(str(files[1])), "bbox")
    score.evaluate()
    score.accumulate()
    score.summarize()
    # torchmetrics hands its mean over in float32.
    assert float(np.float32(score.stats[0])) == recorded
    assert "image-0" not in files[0].read_text() + files[1].read_text()
    with pytest.raises(FileExistsError):
        write_coco(out, [(run, [])])


def masks_of(plan, run, seed=0):
    generator = torch.Generator().manual_seed(seed)
    side, classes = run.side, len(run.spec.classes)
    logits = torch.randn(len(run.rows), classes, side, side, generator=generator)
    logits[0] = -9.0
    metrics = SegmentationMetrics(run.spec.classes, keep_masks=True)
    metrics.update(logits, plan.data.targets["test"].batch(torch.arange(len(run.rows))))
    return logits >= 0, metrics.predictions()


@pytest.mark.parametrize("task", ["nih_seg_linear", "covid_linear"])
def test_masks_come_out_as_they_were_predicted_and_as_the_store_has_them(tmp_path, task):
    plan, run = a_run(tmp_path, task)
    predicted, found = masks_of(plan, run)
    real = plan.data.targets["test"].batch(torch.arange(len(run.rows))).numpy()
    parts = (
        (predicted.numpy(), results(run, stored(plan, run, found))),
        (real, ground_truth(run)["annotations"]),
    )
    place = {int(row): i for i, row in enumerate(run.rows)}
    for expected, written in parts:
        again = np.zeros_like(expected, dtype=bool)
        for one in json.loads(json.dumps(written)):
            mask = rle.decode(one["segmentation"]).astype(bool)
            again[place[one["image_id"]], one["category_id"] - 1] = mask
            if "area" in one:
                assert one["area"] == rle.area(one["segmentation"]) == mask.sum()
                assert one["bbox"] == rle.toBbox(one["segmentation"]).tolist()
        assert np.array_equal(again, expected.astype(bool))


def test_counts_alone_are_no_masks(tmp_path):
    plan, run = a_run(tmp_path, "covid_linear", masks=False)
    _, found = masks_of(plan, run)
    with pytest.raises(PredictionError, match="holds counts alone: the run was made with --no-masks"):
        results(run, stored(plan, run, found))


@pytest.mark.parametrize("task", ["rsna_frozen_1", "nih_seg_linear"])
def test_predictions_come_back_as_they_were_written(tmp_path, task):
    plan, run = a_run(tmp_path, task)
    found = boxes_of(run) if run.spec.target == "boxes" else masks_of(plan, run)[1]
    again = stored(plan, run, found)
    assert again.rows.tolist() == run.rows.tolist()
    assert again.header.key == run.record.key
    for name, value in vars(found).items():
        other = getattr(again.predictions, name)
        assert torch.equal(other, value) and other.dtype == value.dtype if name != "side" else other == value
