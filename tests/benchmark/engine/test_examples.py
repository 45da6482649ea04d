"""Example predictions: of the first repetition, on phantom images only, and never the reason for a failed run."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from lovt_bench.benchmark.contract.example import ExampleSet
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.engine.evaluation import Evaluation
from lovt_bench.benchmark.engine.examples import examples_path, make_examples, write_examples
from lovt_bench.benchmark.engine.plan import RunConfig
from lovt_bench.benchmark.engine.task_plan import TaskPlan
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import CLASSES, TINY, TinySource, tiny_store

SEVERAL = load_task("rsna_frozen_1").model_copy(update={"dataset": "nih-cxr", "classes": CLASSES["nih-cxr"]})
"""Detection of eight classes; no task of ours has more than one."""
FIRST = RunConfig("final", 0.01, 12345)
STORED = 224


@pytest.fixture
def plan(request, tmp_path):
    spec = request.param if isinstance(request.param, TaskSpec) else load_task(request.param)
    return TaskPlan(
        Evaluation(
            source=TinySource(),
            specs=[spec],
            stores={spec.dataset: tiny_store(tmp_path, spec.dataset)},
            protocol=load_protocol("lovt-2022"),
            profile=TINY,
            workspace=tmp_path,
            device=torch.device("cpu"),
        ),
        spec,
    )


def picture(png):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))))


def perfect(plan):
    """A head that knows the masks, at the side of the profile."""
    masks = plan.data.targets["test"]
    return lambda rows: masks.batch(rows).float() * 20 - 10


@pytest.mark.parametrize("plan", ["nih_seg_linear"], indirect=True)
def test_masks_of_all_classes_are_shown_together_and_where_they_are(plan):
    write_examples(plan, FIRST, perfect(plan))
    path = examples_path(plan.evaluation.workspace, "tiny", "nih_seg_linear")
    examples = ExampleSet.model_validate_json(path.read_text())
    assert examples.run_key == plan.key(FIRST).key()
    assert len(examples.images) == 3
    for image, row in zip(examples.images, plan.store.rows("test"), strict=False):
        truth, predicted = picture(image.truth_mask), picture(image.predicted_mask)
        assert truth.shape == predicted.shape == picture(image.png).shape == (128, 128)
        # Scaled nearest from 224 at once, and by way of 64: an edge may move by a pixel or two of 128.
        assert (truth ^ predicted).mean() < 0.03
        share = plan.store.masks([row]).any(axis=1).mean()
        assert truth.mean() == pytest.approx(share, abs=0.02)
        assert picture(image.png)[truth].mean() > picture(image.png)[~truth].mean() + 100


@pytest.mark.parametrize("plan", ["rsna_frozen_1"], indirect=True)
def test_boxes_are_in_pixels_of_the_example(plan):
    """Raw maps without an object: all that is shown is the truth."""
    rows = [0, 1, 2]
    empty = [torch.full((3, 18, grid, grid), -20.0) for grid in (2, 4, 8)]
    examples = make_examples(plan, FIRST, rows, empty)
    for image, row in zip(examples.images, plan.store.rows("test"), strict=False):
        x, y, w, h = plan.store.boxes(row)[0] * 128 / STORED
        (box,) = image.truth_boxes
        assert [box.x1, box.y1, box.x2, box.y2] == pytest.approx([x, y, x + w, y + h], abs=0.01)
        assert (image.predicted_boxes, image.truth_mask) == ([], None)


@pytest.mark.parametrize("plan", [SEVERAL], indirect=True)
def test_every_box_is_labelled_with_its_own_class(plan):
    """The store holds one box an image; classes take turns."""
    maps = [torch.full((3, 39, grid, grid), -20.0) for grid in (2, 4, 8)]
    maps[0][:, 4, 0, 0] = 5.0
    for place, index in enumerate((6, 1, 3)):
        maps[0][place, 5 + index, 0, 0] = 5.0
    examples = make_examples(plan, FIRST, [0, 1, 2], maps)
    assert len(examples.images) == 3
    shown = zip(
        examples.images, plan.store.rows("test"), ("Pneumonia", "Cardiomegaly", "Infiltrate"), strict=False
    )
    for image, row, predicted in shown:
        assert [box.label for box in image.truth_boxes] == [CLASSES["nih-cxr"][row % 8]]
        assert [box.label for box in image.predicted_boxes] == [predicted]


@pytest.mark.parametrize("plan", ["rsna_frozen_1"], indirect=True)
def test_the_surest_boxes_are_shown_and_no_more_than_ten(plan):
    maps = [torch.full((1, 18, grid, grid), -20.0) for grid in (7, 14, 28)]
    maps[0][:, :6] = 0.0
    maps[0][:, 4] = torch.linspace(1.0, 3.0, 49).view(7, 7)
    maps[0][:, 2:4] = -4.0  # too small to suppress each other
    (image,) = make_examples(plan, FIRST, [0], maps).images
    confidences = [box.confidence for box in image.predicted_boxes]
    expected = torch.linspace(1.0, 3.0, 49).sigmoid().flip(0)[:10]
    assert confidences == pytest.approx(expected.tolist())


@pytest.mark.parametrize("plan", ["covid_linear"], indirect=True)
@pytest.mark.parametrize("config", [RunConfig("tune", 0.01, 12345), RunConfig("final", 0.01, 12346)])
def test_other_runs_are_not_shown(plan, config):
    write_examples(plan, config, perfect(plan))
    assert not (plan.evaluation.workspace / "examples").exists()


@pytest.mark.parametrize("plan", ["covid_linear"], indirect=True)
def test_public_images_are_never_drawn(plan):
    manifest = plan.store.manifest.model_copy(update={"track": "public"})
    object.__setattr__(plan.store, "manifest", manifest)
    write_examples(plan, FIRST, perfect(plan))
    assert not (plan.evaluation.workspace / "examples").exists()


@pytest.mark.parametrize("plan", ["covid_linear"], indirect=True)
def test_what_goes_wrong_is_said_and_the_run_stands(plan, caplog):
    def broken(rows):
        raise RuntimeError("out of memory")

    write_examples(plan, FIRST, broken)
    assert "no example predictions (out of memory)" in caplog.text
