"""What a training reads: pixels, masks and boxes as stored, whatever the image side."""

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.contract.dataset import PixelStatistics
from lovt_bench.benchmark.engine.inputs import Images, scaled_images
from lovt_bench.benchmark.engine.targets import box_targets, mask_targets
from tests.benchmark.data.small_store import write_store
from tests.benchmark.engine.world import tiny_store

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tiny_store(tmp_path_factory.mktemp("world"), "rsna")


def test_images_are_normalised_with_the_training_statistics_and_repeated(store):
    rows = store.rows("validation")
    source = Images(scaled_images(store, rows, 224), PixelStatistics(mean=0.4, std=0.2), CPU)
    image = source.image(torch.tensor([3, 0]))
    expected = (store.images[rows[[3, 0]]] / 255.0 - 0.4) / 0.2
    assert image.shape == (2, 3, 224, 224)
    np.testing.assert_allclose(image[:, 1].numpy(), expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(image[:, 0], image[:, 2])


def test_a_smaller_side_keeps_masks_and_images_aligned(store):
    rows = store.rows("train")
    images = scaled_images(store, rows, 64).astype(float)
    masks = mask_targets(store, rows, 64, CPU).batch(torch.arange(len(rows))).numpy()[:, 0]
    assert images.shape == masks.shape
    assert images[masks == 1].mean() > images[masks == 0].mean() + 100


def test_masks_at_full_side_are_the_stored_ones(store):
    rows = store.rows("test")
    masks = mask_targets(store, rows, 224, CPU).batch(torch.tensor([1, 4]))
    assert masks.dtype == torch.uint8
    np.testing.assert_array_equal(masks.numpy(), store.masks(rows[[1, 4]]))


def test_boxes_stay_in_the_224_frame(store):
    rows = store.rows("train")
    target = box_targets(store, rows, CPU).batch(torch.tensor([2]))
    assert target.counts.tolist() == [1]
    np.testing.assert_array_equal(target.boxes[0].numpy(), store.boxes(int(rows[2])))


def test_boxes_of_a_store_of_another_side_come_into_the_224_frame(tmp_path):
    """Anchors are pixels of that frame, whatever the protocol's `data.image_side`."""
    boxes = [np.array([(4, 8, 16, 32)])] * 2
    small = write_store(tmp_path / "rsna", images=np.zeros((2, 64, 64), np.uint8), boxes=boxes)
    target = box_targets(small, np.arange(2), CPU).batch(torch.tensor([1]))
    assert target.boxes[0].tolist() == [[14, 28, 56, 112]]


@pytest.mark.parametrize(
    "box", [(5, 5, float("nan"), 5), (float("inf"), 5, 5, 5), (5, 5, -3, 5), (5, 5, 3, -0.1)], ids=str
)
def test_a_box_without_a_target_is_refused_with_its_image(tmp_path, box):
    """In the loss it would be no number, or a cell beyond memory; and the backbone would be blamed."""
    boxes = [np.zeros((0, 4)), np.array([(0, 0, 0, 0), (1, 1, 300, 300)]), np.array([(1, 1, 2, 2), box])]
    store = write_store(
        tmp_path / "rsna", images=np.zeros((3, 8, 8), np.uint8), boxes=boxes, ids=["none", "sound", "broken"]
    )
    assert len(box_targets(store, np.array([0, 1]), CPU).batch(torch.tensor([0, 1]))) == 2
    with pytest.raises(
        ValueError, match=r"rsna: image broken has a box that is not finite or has a negative"
    ):
        box_targets(store, np.arange(3), CPU)
