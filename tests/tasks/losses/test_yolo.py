"""YOLOv3 loss: worked example 2, both readings of the mean, wild maps and centres outside against a slow copy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.losses.yolo import yolo_loss, yolo_scale_losses
from lovt_bench.tasks.protocol import load_protocol
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
    images = [
        [tuple(rng.integers((-40, -40, 1, 1), 1800) / 8) for _ in range(count)]
        for count in rng.integers(0, 5, 4)
    ]
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


def test_coordinates_of_a_box_do_not_drown_whether_it_is_found():
    """Both pull at one shared head."""
    maps = [torch.zeros(1, 18, grid, grid, requires_grad=True) for grid in (7, 14, 28)]
    slopes = torch.autograd.grad(yolo_loss(maps, ONE_BOX, load_protocol("lovt-2026").yolo), maps)
    pulls = torch.cat([one.unflatten(1, (3, 6)).movedim(2, -1).reshape(-1, 6) for one in slopes])
    positives = pulls[pulls[:, :4].abs().sum(1) > 0]
    assert len(positives) == 1
    assert (positives[:, 4] < 0).all(), "it is found more"
    assert (positives[:, :4].norm(dim=1) < 20 * positives[:, 4].abs()).all()


def with_offset(offset: float) -> BoxTarget:
    """Return a box in a frame of side 1 and grids of one cell, where centres are offsets."""
    return BoxTarget.pack([np.array([(offset - 1, offset - 1, 2, 2)])])


@pytest.mark.parametrize("offset", [-4.0, -0.1, 0.0, 0.5, 1.0, 1.0000001, 1.2, 20.0])
def test_a_centre_anywhere_against_the_slow_copy(offset):
    """Object CXR: with exchanged sides a box near the edge has its centre outside the frame."""
    raw = np.random.default_rng(0).normal(0, 2, (3, 1, 3, 6, 1, 1)).astype(np.float32)
    maps = [torch.from_numpy(values).flatten(1, 2).requires_grad_() for values in raw]
    target = with_offset(offset)
    boxes = [tuple(target.boxes[0, 0].tolist())]
    expected = 0.0
    for scale, values in enumerate(raw):
        plain = plain_targets(boxes, scale, 1, YOLO, frame=1.0)
        expected += plain_scale_loss(values.astype(np.float64), [plain], YOLO)
    loss = yolo_loss(maps, target, YOLO, frame=1.0)
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    loss.backward()
    for scale, values in enumerate(maps):
        positive = plain_targets(boxes, scale, 1, YOLO, frame=1.0).positive[:, 0, 0]
        centre = raw[scale, 0, :, :2, 0, 0].astype(np.float64)
        slope = 2.5 / 3 * (1 / (1 + np.exp(-centre)) - offset) * positive[:, None]
        assert values.grad is not None
        own = values.grad.view(3, 6)[:, :2].numpy()
        np.testing.assert_allclose(own, slope, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("offset", [-4.0, 0.5, 1.2, 20.0])
@pytest.mark.parametrize("logit", [-60000.0, -20.0, -8.0, 0.0, 8.0, 20.0, 60000.0])
def test_half_precision_maps_have_the_gradient_of_the_same_numbers_in_float32(half, offset, logit):
    """Half precision has no probability between 1 - 2^-11 and 1: the logistic function is float32's."""
    raw = torch.full((3, 1, 3, 6), logit)
    raw[..., 2:4] = 0  # sizes have no probability
    rounded = raw.to(half).view(3, 1, 18, 1, 1)
    target = with_offset(offset)
    losses, gradients = [], []
    for dtype in (half, torch.float32):
        maps = [values.to(dtype).requires_grad_() for values in rounded]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            losses.append(yolo_loss(maps, target, YOLO, frame=1.0))
        gradients.append(torch.stack(torch.autograd.grad(losses[-1], maps)))
    assert losses[0].item() == losses[1].item()
    assert math.isfinite(losses[0].item())
    assert gradients[0].isfinite().all()
    assert torch.equal(gradients[0], gradients[1].to(half))


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
