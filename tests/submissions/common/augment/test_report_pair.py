"""The training view of pretraining.md section 1.6: what it draws, from which generator, and what it leaves alone."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lovt_bench.submissions.common.augment.blur import gaussian_blur
from lovt_bench.submissions.common.augment.report_pair import _pipeline, training_view


def view(image: np.ndarray, seed: int, side: int = 32) -> torch.Tensor:
    torch.manual_seed(seed)
    return training_view(image, side)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width), dtype=np.uint8)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 90), st.integers(2, 90), st.sampled_from([32, 48, 224]), st.integers(0, 1000))
def test_any_size_becomes_an_8_bit_square(height: int, width: int, side: int, seed: int):
    got = view(noise(height, width), seed, side)
    assert got.shape == (1, side, side)
    assert got.dtype == torch.uint8


def test_the_torch_generator_alone_fixes_the_view():
    image = noise(60, 70)
    random.seed(1)
    np.random.seed(1)
    first = view(image, 5)
    random.seed(2)
    np.random.seed(2)
    assert torch.equal(view(image, 5), first)
    assert not torch.equal(view(image, 6), first)


def test_a_read_only_image_is_taken_and_not_changed():
    image = noise(40, 50)
    image.flags.writeable = False
    before = image.copy()
    view(image, 3)
    assert np.array_equal(image, before)


def test_crop_covers_60_to_100_percent_at_ratio_three_quarters_to_four_thirds():
    crop = _pipeline(32).transforms[0]
    pixels = torch.zeros(1, 400, 400)
    torch.manual_seed(0)
    drawn = [crop.make_params([pixels]) for _ in range(400)]
    areas = np.array([d["height"] * d["width"] for d in drawn]) / 400**2
    ratios = np.array([d["width"] / d["height"] for d in drawn])
    assert 0.59 < areas.min() < 0.63
    assert 0.9 < areas.max() <= 1
    assert 0.74 < ratios.min() < 0.8
    assert 1.25 < ratios.max() < 1.35


def test_half_of_the_views_are_mirrored():
    image = np.zeros((64, 64), np.uint8)
    image[:, :32] = 200
    views = [view(image, seed).float() for seed in range(300)]
    mirrored = np.mean([bool(v[..., 16:].mean() > v[..., :16].mean()) for v in views])
    assert 0.4 < mirrored < 0.6


def test_rotation_and_shift_fill_with_black_and_brightness_stays_within_40_percent():
    image = np.full((64, 64), 100, np.uint8)
    views = torch.stack([view(image, seed) for seed in range(200)])
    centres = views[:, 0, 14:18, 14:18].float().mean((1, 2))
    assert (views[:, 0, 0, 0] < 50).float().mean() > 0.2, "rotated or shifted corners are black"
    assert centres.min() < 75
    assert centres.max() > 120
    # Contrast can move a grey of at most 140 away from a mean that the black corners pull down.
    assert centres.max() <= 200


def test_reduction_is_antialiased():
    stripes = np.zeros((256, 256), np.uint8)
    stripes[:, ::2] = 255
    crop = _pipeline(32).transforms[0]
    torch.manual_seed(0)
    got = crop(torch.from_numpy(stripes)[None]).float()
    assert got.std() < 10, "stripes of one pixel are averaged away"


@pytest.mark.parametrize(
    ("side", "kernel", "sigma"),
    [(224, 23, 3.0), (112, 11, 1.5), (128, 13, 12 / 7), (32, 3, 3 / 7), (7, 3, 3 / 32)],
)
def test_blur_keeps_its_proportion_to_the_image(side: int, kernel: int, sigma: float):
    blur = gaussian_blur(side, (0.1, 3.0))
    assert list(blur.kernel_size) == [kernel, kernel]
    assert blur.sigma[1] == pytest.approx(sigma)
