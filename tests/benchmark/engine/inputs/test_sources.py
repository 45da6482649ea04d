"""What a training reads: pixels, masks and boxes as stored, whatever the image side."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lovt_bench.benchmark.contract.dataset import PixelStatistics
from lovt_bench.benchmark.engine.inputs.extraction import extract, missing
from lovt_bench.benchmark.engine.inputs.feature_cache import FeatureCache
from lovt_bench.benchmark.engine.inputs.sources import (
    CachedTokens,
    Images,
    LiveFeatures,
    resampled_rows,
    scaled_images,
)
from lovt_bench.benchmark.engine.inputs.targets import box_targets, mask_targets
from tests.benchmark.data.small_store import write_store
from tests.benchmark.engine.world import TokenSource, tiny_store

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


def test_a_level_resampled_once_equals_what_is_resampled_at_each_read_and_leaves_no_file(tmp_path):
    rng = np.random.default_rng(0)
    maps = rng.standard_normal((300, 3, 5, 5)).astype(np.float16)
    rows = resampled_rows(maps, 2, tmp_path, CPU)
    indices = torch.tensor([299, 0, 256, 17])
    expected = F.interpolate(torch.from_numpy(maps)[indices].float(), (2, 2), mode="bilinear", antialias=True)
    torch.testing.assert_close(rows[indices], expected, rtol=0, atol=1e-6)
    assert rows[indices].dtype == torch.float32
    assert list(tmp_path.iterdir()) == []
    assert resampled_rows(maps, 5, tmp_path, CPU).array is maps


def test_tokens_are_rounded_before_they_are_resampled_in_cache_and_live_alike(tmp_path):
    source, store = TokenSource(levels_rule="quarters"), tiny_store(tmp_path, "covid-rural", images=12)
    assert source.tokens
    strides, side = (1, 2, 4, 8, 16, 32), 64
    pixels = scaled_images(store, store.rows("train"), side)
    images = Images(pixels, store.manifest.pixel_statistics, CPU)
    cache = FeatureCache(tmp_path, source.sha256, None, store, side, half=True, tokens=True)
    stored = source.tokens.maps_of(strides)
    extract(
        cache,
        missing(cache, {("train", stride): len(pixels) for stride in stored}),
        lambda: source.load(0),
        CPU,
    )
    maps = cache.load("train", len(pixels), stored)
    assert {stride: (each.dtype, each.shape[2:]) for stride, each in maps.items()} == dict.fromkeys(
        (4, 8, 16, 32), (np.dtype(np.float16), (5, 5))
    )
    indices = torch.tensor([3, 1])
    found = CachedTokens(maps, source.tokens, strides, images, side, CPU).batch(indices)
    live, whole = (
        LiveFeatures(source.load(0), strides, images, half=half).batch(indices) for half in (True, False)
    )
    assert list(found) == list(live) == list(strides)
    for stride in strides:
        torch.testing.assert_close(found[stride], live[stride], rtol=2e-3, atol=2e-3)
        # Another batch rounds a few tokens in a thousand to the number beside; without rounding none would agree.
        assert same(found[stride], live[stride]) > 0.8
        assert stride < 4 or same(found[stride], whole[stride]) < 0.2
    assert torch.equal(found[2], F.avg_pool2d(found[1], 2))


def same(one, other):
    """Return the share of values that agree but for the order of sums."""
    return float(((one - other).abs() < 2e-6).float().mean())
