"""Boxes of a batch: packing, choosing images, moving."""

from __future__ import annotations

import numpy as np
import torch

from lovt_bench.tasks.boxes import BoxTarget

THREE = BoxTarget.pack(
    [np.zeros((0, 4)), np.ones((2, 4)), np.full((1, 4), 3.0)], [np.array([]), np.array([1, 2]), np.array([0])]
)


def test_packing_pads_with_zeros_to_the_longest():
    assert THREE.boxes.shape == (3, 2, 4)
    assert THREE.counts.tolist() == [0, 2, 1]
    assert THREE.valid().tolist() == [[False, False], [True, True], [True, False]]
    assert THREE.boxes[0].sum() == 0
    assert len(THREE) == 3


def test_choosing_images_keeps_boxes_and_classes_together():
    chosen = THREE[torch.tensor([2, 1])]
    assert chosen.counts.tolist() == [1, 2]
    assert chosen.boxes[0, 0].tolist() == [3.0] * 4
    assert chosen.classes is not None
    assert chosen.classes[1].tolist() == [1, 2]


def test_no_image_and_no_box():
    assert BoxTarget.pack([]).boxes.shape == (0, 0, 4)
    assert BoxTarget.pack([np.zeros((0, 4))]).to("cpu").boxes.shape == (1, 0, 4)
