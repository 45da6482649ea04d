"""Objectives: the protocol's entries reach loss and metrics, and what a task monitors is always computed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.losses.dice import dice_loss
from lovt_bench.tasks.losses.upsampled_dice import upsampled_dice_loss
from lovt_bench.tasks.objective import build_objective
from lovt_bench.tasks.protocol import load_protocol, protocol_names
from lovt_bench.tasks.registry import load_task, load_tasks

PROTOCOL = load_protocol()
MAPS = [torch.zeros(2, 18, grid, grid) for grid in (2, 4, 8)]
BOXES = BoxTarget.pack([np.array([(60, 80, 60, 80)]), np.zeros((0, 4))])


@pytest.mark.parametrize("spec", load_tasks(), ids=lambda spec: spec.id)
def test_validation_computes_what_the_task_monitors_and_test_what_it_exports(spec):
    objective = build_objective(spec, PROTOCOL)
    metrics = objective.new_metrics()
    masks = (torch.rand(2, len(spec.classes), 8, 8) > 0.5).to(torch.uint8)
    output, target = (MAPS, BOXES) if spec.target == "boxes" else (torch.randn(masks.shape), masks)
    loss = objective.loss(output, target)
    metrics.update(output, target)
    values = metrics.compute()
    full = objective.new_metrics(extended=True)
    full.update(output, target)
    assert loss.shape == ()
    assert loss.dtype == torch.float32
    assert {spec.monitor, spec.metric} <= values.keys()
    assert {*values, *spec.extra_metrics} <= full.compute().keys()
    assert all(0 <= value <= 1 for value in values.values())


def test_coco_map_is_left_to_the_test_split():
    objective = build_objective(load_task("rsna_frozen_1"), PROTOCOL)
    for extended in (False, True):
        metrics = objective.new_metrics(extended=extended)
        metrics.update(MAPS, BOXES)
        assert ("coco_mAP" in metrics.compute()) == extended


def test_batches_of_different_padding_are_joined():
    one = build_objective(load_task("object_frozen_100"), PROTOCOL).new_metrics()
    one.update(MAPS, BOXES)
    two = build_objective(load_task("object_frozen_100"), PROTOCOL).new_metrics()
    for rows in (slice(0, 1), slice(1, 2)):
        part = BoxTarget.pack([BOXES.boxes[i, : BOXES.counts[i]].numpy() for i in range(2)][rows])
        two.update([scale[rows] for scale in MAPS], part)
    assert one.compute() == two.compute()


def test_a_corrected_protocol_changes_the_loss():
    spec = load_task("covid_linear")
    corrected = PROTOCOL.model_copy(
        update={"metrics": PROTOCOL.metrics.model_copy(update={"dice_loss": "image", "mask_threshold": 0.9})}
    )
    logits, masks = torch.randn(3, 1, 8, 8), (torch.rand(3, 1, 8, 8) > 0.5).to(torch.uint8)
    published, other = build_objective(spec, PROTOCOL), build_objective(spec, corrected)
    assert published.loss(logits, masks) == dice_loss(logits, masks, mode="batch")
    assert other.loss(logits, masks) == dice_loss(logits, masks, mode="image")
    metrics = [objective.new_metrics() for objective in (published, other)]
    for metric in metrics:
        metric.update(torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2))  # probability 0.73
    assert [metric.compute()["opacity_dice"] for metric in metrics] == [1.0, 0.0]


@pytest.mark.parametrize("name", protocol_names())
def test_an_image_without_foreground_teaches_beside_one_that_has_some(name):
    """Else nothing would teach a head to leave healthy images alone."""
    protocol = load_protocol(name)
    masks = torch.zeros(2, 1, 8, 8)
    masks[0, 0, :4] = 1
    for maps in (torch.zeros(2, 1, 8, 8, requires_grad=True), torch.zeros(1, 2, 1, 4, 4, requires_grad=True)):
        loss = (
            build_objective(load_task("rsna_seg_linear_1"), protocol).loss(maps, masks)
            if maps.ndim == 4
            else upsampled_dice_loss(maps, masks, mode=protocol.metrics.dice_loss).sum()
        )
        loss.backward()
        assert maps.grad is not None
        assert maps.grad.flatten(0, -4)[1].min() > 0, "less foreground there is a smaller loss"


def test_metrics_of_nothing_are_an_error():
    with pytest.raises(ValueError, match="no batch was given"):
        build_objective(load_task("rsna_frozen_1"), PROTOCOL).new_metrics().compute()
