"""YOLOv3 loss: worked example 2, both readings of the mean, and wild maps against a slow copy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tasks.boxes import BoxTarget
from tasks.losses.yolo import yolo_loss, yolo_scale_losses
from tasks.protocol import load_protocol
from tests.tasks.losses.plain_yolo import plain_scale_loss, plain_targets

YOLO = load_protocol().yolo
ZEROS = [torch.zeros(1, 18, grid, grid) for grid in (7, 14, 28)]
ONE_BOX = BoxTarget.pack([np.array([(60, 80, 60, 80)])])
NO_BOX = BoxTarget.pack([np.zeros((0, 4))])


def test_worked_example_2_one_box():
    losses = yolo_scale_losses(ZEROS, ONE_BOX, YOLO)
    assert [loss.total.item() for loss in losses] == pytest.approx(
        [0.37446897, 0.35496477, 0.35359647], rel=1e-6
    )
    assert yolo_loss(ZEROS, ONE_BOX, YOLO).item() == pytest.approx(1.0830302, rel=1e-6)


def test_worked_example_2_no_box():
    assert yolo_loss(ZEROS, NO_BOX, YOLO).item() == pytest.approx(1.5 * math.log(2), rel=1e-6)


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"loss_mean": "positives"},
        {"target_scales": "best", "positive_below_ignore": "object-only", "loss_mean": "positives"},
        {"coordinate_weight": 1.0, "no_object_weight": 2.0, "ignore_iou": 0.3},
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", range(3))
def test_wild_maps_against_the_slow_copy(update, seed):
    protocol = YOLO.model_copy(update=update)
    rng = np.random.default_rng(seed)
    images = [[tuple(rng.integers(0, 1200, 4) / 8) for _ in range(count)] for count in rng.integers(0, 5, 4)]
    raw = [rng.normal(0, 2, (4, 3, 6, grid, grid)).astype(np.float32) for grid in (7, 14, 28)]
    expected = 0.0
    for scale, values in enumerate(raw):
        targets = [plain_targets(boxes, scale, values.shape[-1], protocol) for boxes in images]
        expected += plain_scale_loss(values.astype(np.float64), targets, protocol)
    target = BoxTarget.pack([np.array(boxes, dtype=np.float32).reshape(-1, 4) for boxes in images])
    own = yolo_loss([torch.from_numpy(values).flatten(1, 2) for values in raw], target, protocol)
    assert own.item() == pytest.approx(expected, rel=1e-5)


def test_the_mean_over_positives_weighs_a_box_alike_at_every_scale():
    published = yolo_scale_losses(ZEROS, ONE_BOX, YOLO)
    corrected = yolo_scale_losses(ZEROS, ONE_BOX, YOLO.model_copy(update={"loss_mean": "positives"}))
    for scale, grid in enumerate((7, 14, 28)):
        assert corrected[scale].x.item() == pytest.approx(
            published[scale].x.item() * 3 * grid * grid, rel=1e-5
        )
        assert corrected[scale].objectness.item() == pytest.approx(published[scale].objectness.item())


def test_half_precision_maps_give_a_float32_loss():
    assert yolo_loss([scale.half() for scale in ZEROS], ONE_BOX, YOLO).dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert yolo_loss(ZEROS, ONE_BOX, YOLO).item() == pytest.approx(1.0830302, rel=1e-6)


def test_a_map_that_is_not_finite_gives_a_loss_that_is_not_finite():
    broken = [scale.clone() for scale in ZEROS]
    broken[1][0, 4, 0, 0] = float("nan")
    assert not math.isfinite(yolo_loss(broken, ONE_BOX, YOLO).item())


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        (ZEROS[:2], "expected 3 maps"),
        ([torch.zeros(2, 18, 7, 7), *ZEROS[1:]], "raw map of 2 images, target of 1"),
        ([torch.zeros(1, 17, 7, 7), *ZEROS[1:]], r"expected \(B, 3 \* \(5 \+ classes\), S, S\)"),
        ([torch.zeros(1, 18, 7, 8), *ZEROS[1:]], "expected a square grid"),
    ],
)
def test_maps_of_a_wrong_shape_are_refused(maps, message):
    with pytest.raises(ValueError, match=message):
        yolo_loss(maps, ONE_BOX, YOLO)
