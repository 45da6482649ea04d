"""What real data have and the phantom's demo has not: the boxes of the official split files, all of them."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from lovt_bench.benchmark.contract.dataset import IMAGE_SIDE, SPLIT_NAMES
from lovt_bench.benchmark.data.official import is_official
from lovt_bench.benchmark.data.phantom.generate import write_phantom
from lovt_bench.benchmark.data.phantom.layout import Settings
from lovt_bench.benchmark.data.preparers.object_cxr import PREPARER
from lovt_bench.benchmark.data.transforms import Frame, fit_boxes
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.inputs.targets import box_targets
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.benchmark.engine.train.order import ordered_batches
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.losses.yolo import yolo_loss, yolo_scale_losses
from lovt_bench.tasks.metrics.froc import froc
from lovt_bench.tasks.metrics.mean_average_precision import mean_average_precision
from lovt_bench.tasks.profile import load_profile
from lovt_bench.tasks.protocol import load_protocol
from tests.benchmark.engine.official_world import SIDE, OfficialImage, official_images, official_store
from tests.benchmark.engine.world import CLASSES, TINY, TinySource, narrow_heads
from tests.conftest import REPOSITORY
from tests.tasks.losses.plain_yolo import plain_scale_loss, plain_targets
from tests.tasks.lovt_18 import LOVT_18

pytestmark = pytest.mark.slow
CPU = torch.device("cpu")
PROTOCOL = load_protocol("lovt-2022")
GRIDS = (7, 14, 28)
ONE_EPOCH = TINY.model_copy(
    update={
        "image_side": SIDE,
        "max_epochs": 1,
        "max_runs": 1,
        "max_batch_size": 5,
        "max_train_images": 12,
        "min_train_images": 12,
        "max_learning_rates": {"linear": 1, "yolov3": 1, "unet": 1, "fine-tuned": 1},
    }
)
"""Two whole batches of training images, and a last validation batch of one."""


@pytest.fixture(scope="module")
def images(shared):
    """All images of each dataset, as published."""
    if not (shared / "splits").is_dir():
        pytest.skip("no official split files: expected them in splits/ of the development data")
    return {name: official_images(shared, name) for name in CLASSES}


@pytest.fixture(scope="module", params=["rsna", "object-cxr"])
def store(request, images, tmp_path_factory):
    """A whole dataset with detection tasks; it is large."""
    root = tmp_path_factory.mktemp("whole")
    yield official_store(root, request.param, images[request.param])
    shutil.rmtree(root)


def test_every_box_goes_through_targets_and_loss(store):
    assert is_official(store.manifest.name, {split: store.ids(store.rows(split)) for split in SPLIT_NAMES})
    seen = 0
    for split in SPLIT_NAMES:
        rows = store.rows(split)
        targets = box_targets(store, rows, CPU)
        for batch in ordered_batches(len(rows), 64):
            target = targets.batch(batch)
            if not target.counts.any():
                continue
            maps = [torch.zeros(len(batch), 18, grid, grid, requires_grad=True) for grid in GRIDS]
            loss = yolo_loss(maps, target, PROTOCOL.yolo)
            assert loss.isfinite()
            assert all(g.isfinite().all() for g in torch.autograd.grad(loss, maps))
            seen += int(target.counts.sum())
    assert seen == sum(summary.boxes for summary in store.manifest.split_summaries.values())


def test_centres_outside_the_frame_against_the_slow_copy(images):
    outside = [image for image in images["object-cxr"] if image.strangeness()[0]][:24]
    assert len(outside) == 24
    boxes = [[(x, y, w, h) for x, y, w, h in image.stored_boxes().tolist()] for image in outside]
    rng = np.random.default_rng(0)
    raw = [rng.normal(0, 2, (len(boxes), 3, 6, grid, grid)).astype(np.float32) for grid in GRIDS]

    own = yolo_scale_losses(
        [torch.from_numpy(values).flatten(1, 2) for values in raw],
        BoxTarget.pack([np.array(each, np.float32) for each in boxes]),
        PROTOCOL.yolo,
    )
    for scale, values in enumerate(raw):
        targets = [plain_targets(each, scale, values.shape[-1], PROTOCOL.yolo) for each in boxes]
        assert max(target.offsets[..., :2].max() for target in targets) > 1
        expected = plain_scale_loss(values.astype(np.float64), targets, PROTOCOL.yolo)
        assert own[scale].total.item() == pytest.approx(expected, rel=1e-5)


def test_detections_that_are_the_boxes_have_the_best_scores(store):
    rows = store.rows("test")
    target = box_targets(store, rows, CPU).batch(torch.arange(len(rows)))
    boxes = target.boxes[target.valid()]
    n = len(boxes)
    found = Detections(boxes, torch.linspace(0.3, 1, n), torch.zeros(n).long(), torch.ones(n), target.counts)
    assert mean_average_precision(found, target, 1, PROTOCOL.metrics)["mAP"] == pytest.approx(1)
    places, scores, counts = boxes.numpy(), found.scores.numpy(), found.counts.numpy()
    assert froc(places, scores, counts, places, target.counts.numpy(), PROTOCOL.metrics) == 1


def strange_first(images: list[OfficialImage], most: int) -> list[OfficialImage]:
    """Return the strangest images of each split, and an equal number without boxes."""
    chosen = []
    for split in SPLIT_NAMES:
        own = sorted((image for image in images if image.split == split), key=OfficialImage.strangeness)
        with_boxes = [image for image in own if len(image.boxes)]
        without = [image for image in own if not len(image.boxes)]
        pairs = zip(reversed(with_boxes), without, strict=False)
        chosen += [image for pair in pairs for image in pair][:most] if with_boxes else own[:most]
    return chosen


def test_all_18_tasks_train_an_epoch_on_the_strangest_images(images, tmp_path, monkeypatch):
    narrow_heads(monkeypatch)
    stores = {name: official_store(tmp_path, name, strange_first(each, 14)) for name, each in images.items()}
    rows = stores["object-cxr"].rows("train")[:12]
    centres = [box[:2] + box[2:] / 2 for row in rows for box in stores["object-cxr"].boxes(int(row))]
    assert (np.array(centres) > SIDE).any(), "the strangest images were not chosen"
    evaluation = Evaluation(TinySource(), LOVT_18, stores, PROTOCOL, ONE_EPOCH, tmp_path, CPU)
    for result in evaluate(evaluation):
        assert result.status == "done", result.reason
        (record,) = result.records
        assert record.history[0].train_loss is not None
        assert 0 <= record.test[result.spec.metric] <= 1


def test_the_demo_trains_on_a_centre_outside_the_frame(tmp_path):
    """So that `make demo` shows what real boxes would. Geometry does not depend on the side that is drawn."""
    (count,) = re.findall(r"^DEMO_IMAGES \?= (\d+)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    raw, data = tmp_path / "raw", PROTOCOL.data
    write_phantom(raw, Settings("object-cxr", 0, int(count), 128), None)
    samples = PREPARER.scan(raw).samples
    read = PREPARER.draw(list(samples.values()), data, data.split_seed)["train"]
    outside = 0
    for name in read[: load_profile("quick").limit("max_train_images", "yolov3")]:
        with Image.open(samples[name].image) as image:
            frame = Frame.padded(image.height, image.width, IMAGE_SIDE, data.odd_padding)
        boxes = np.array(samples[name].boxes, dtype=np.float64).reshape(-1, 4)
        boxes = fit_boxes(PREPARER.stored_boxes(boxes, data), frame)
        centres = boxes[:, :2] + boxes[:, 2:] / 2
        outside += int(((centres < 0) | (centres > IMAGE_SIDE)).any(axis=1).sum())
    assert outside
