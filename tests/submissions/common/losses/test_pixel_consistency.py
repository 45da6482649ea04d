"""PixPro's loss, its pairs and its propagation against slow float64 readings of the text."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lovt_bench.submissions.common.augment.cutout import Cutout, cut, draw_cutout
from lovt_bench.submissions.common.losses.pixel_consistency import (
    pixel_consistency,
    place_coordinates,
    positive_pairs,
)
from lovt_bench.submissions.common.pixel_propagation import PixelPropagation


def slow_places(cutout: Cutout, side: int, places: int) -> list[tuple[float, float]]:
    """Return the centres of the parts of a cut-out, in map units over the diagonal."""
    unit = places / math.hypot(side, side)
    ys = [cutout.top + (i + 0.5) * (cutout.bottom - cutout.top) / places - 0.5 for i in range(places)]
    xs = [cutout.left + (i + 0.5) * (cutout.right - cutout.left) / places - 0.5 for i in range(places)]
    if cutout.flipped:
        xs.reverse()
    return [(y * unit, x * unit) for y in ys for x in xs]


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


@pytest.mark.parametrize("flips", [(False, False), (True, False), (True, True)])
def test_pairs_are_places_that_lie_close_in_the_image(flips: tuple[bool, bool]):
    first, second = Cutout(2, 30, 5, 37, flips[0]), Cutout(9, 33, 1, 25, flips[1])
    one, two = (place_coordinates(item, (40, 40), (4, 4)) for item in (first, second))
    got = positive_pairs(one, two)
    expected = [
        [math.dist(p, q) < 0.7 for q in slow_places(second, 40, 4)] for p in slow_places(first, 40, 4)
    ]
    assert got.tolist() == expected
    assert 0 < got.sum() < got.numel()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 600))
def test_a_map_of_one_place_is_always_a_pair(seed: int, side: int):
    torch.manual_seed(seed)
    places = [place_coordinates(draw_cutout(side, side), (side, side), (1, 1)) for _ in range(2)]
    assert positive_pairs(places[0], places[1]).item()
    assert (places[0] - places[1]).norm() < 0.41


def test_loss_is_minus_the_mean_cosine_of_the_pairs():
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(4, 2, 5, 2, 3))
    pairs = rng.random((6, 6)) < 0.4
    p1, p2, t1, t2 = maps.reshape(4, 2, 5, 6)
    forth = [
        cosine(p1[b, :, n], t2[b, :, m]) for b in range(2) for n, m in zip(*np.nonzero(pairs), strict=True)
    ]
    back = [
        cosine(p2[b, :, m], t1[b, :, n]) for b in range(2) for n, m in zip(*np.nonzero(pairs), strict=True)
    ]
    tensors = [torch.from_numpy(part) for part in maps]
    got = pixel_consistency((tensors[0], tensors[1]), (tensors[2], tensors[3]), torch.from_numpy(pairs))
    assert got.item() == pytest.approx(-(np.mean(forth) + np.mean(back)) / 2)


def test_each_image_can_have_its_own_pairs_and_one_may_have_none():
    torch.manual_seed(0)
    maps = list(torch.randn(4, 2, 5, 2, 2, dtype=torch.float64))
    pairs = torch.zeros(2, 4, 4, dtype=torch.bool)
    pairs[0, 1, 2] = pairs[0, 3, 3] = True
    alone = [part[:1] for part in maps]
    got = pixel_consistency((maps[0], maps[1]), (maps[2], maps[3]), pairs)
    first = pixel_consistency((alone[0], alone[1]), (alone[2], alone[3]), pairs[0])
    assert got.item() == pytest.approx(first.item() / 2), "an image without a pair adds 0"


def test_without_pairs_the_loss_is_zero_and_flat():
    maps = torch.randn(2, 3, 4, 2, 2, requires_grad=True)
    loss = pixel_consistency((maps[0], maps[1]), (maps[0], maps[1]), torch.zeros(4, 4, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert maps.grad is not None
    assert not maps.grad.any()


def test_maps_and_pairs_that_do_not_fit_are_refused():
    maps = torch.zeros(2, 3, 2, 2)
    with pytest.raises(ValueError, match=r"pairs \(4, 4\)"):
        pixel_consistency((maps, maps), (maps, maps), torch.zeros(3, 3, dtype=torch.bool))


def test_propagation_mixes_places_by_their_likeness():
    torch.manual_seed(1)
    layer = PixelPropagation(3, gamma=2).double()
    maps = torch.randn(2, 3, 2, 2, dtype=torch.float64)
    got = layer(maps).flatten(2).detach().numpy()
    x = maps.flatten(2).numpy()
    g = layer.transform(maps).flatten(2).detach().numpy()
    for b in range(2):
        for i in range(4):
            expected = sum(max(0, cosine(x[b, :, i], x[b, :, j])) ** 2 * g[b, :, j] for j in range(4))
            assert got[b, :, i] == pytest.approx(expected)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(8, 300), st.integers(8, 300))
def test_cutouts_lie_in_the_image_and_cover_the_same_share_of_both_sides(seed: int, height: int, width: int):
    torch.manual_seed(seed)
    item = draw_cutout(height, width)
    assert 0 <= item.top < item.bottom <= height
    assert 0 <= item.left < item.right <= width
    share = (item.bottom - item.top + 0.5) / height, (item.right - item.left + 0.5) / width
    assert all(0.6 - 1 / height - 1 / width < part < 0.8 + 1 / height + 1 / width for part in share)


def test_a_quarter_of_the_cutouts_is_mirrored():
    torch.manual_seed(0)
    assert 0.2 < np.mean([draw_cutout(64, 64).flipped for _ in range(600)]) < 0.3


def test_cutting_picks_nearest_pixels_and_keeps_the_size():
    image = torch.arange(36.0).view(1, 1, 6, 6)
    item = Cutout(1, 4, 2, 5)
    expected = image[0, 0, 1:4, 2:5].repeat_interleave(2, 0).repeat_interleave(2, 1)
    assert torch.equal(cut(image, item)[0, 0], expected)
    assert torch.equal(cut(image, Cutout(1, 4, 2, 5, True))[0, 0], expected.flip(-1))
