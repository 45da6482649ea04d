"""Views without chance: padded validation view, square of the image-only methods, network input."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.data.transforms import Frame, fit_image
from lovt_bench.submissions.common.augment.normalise import network_input
from lovt_bench.submissions.common.augment.pad_resize import validation_view
from lovt_bench.submissions.common.augment.square import square


@pytest.mark.parametrize("shape", [(40, 40), (60, 41), (33, 70), (5, 64)])
def test_validation_view_is_the_image_as_evaluation_sees_it(shape: tuple[int, int]):
    image = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
    expected = fit_image(image, Frame.padded(*shape, 32, "short"))
    assert np.array_equal(validation_view(image, 32)[0].numpy(), expected)


def test_square_does_not_keep_the_aspect_ratio():
    image = np.zeros((64, 128), np.uint8)
    image[:, 64:] = 255
    got = square(image, 32)
    assert got.shape == (1, 32, 32)
    assert got.dtype == torch.uint8
    assert (got[0, :, :15] == 0).all()
    assert (got[0, :, 17:] == 255).all(), "no black bars: the whole square is image"


def test_square_averages_over_the_pixels_it_leaves_out():
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 200
    assert abs(square(stripes, 16).float().mean() - 100) < 2
    assert square(stripes, 16).float().std() < 10


def test_network_input_is_normalised_and_repeated():
    images = torch.randint(0, 256, (2, 1, 6, 6), dtype=torch.uint8)
    got = network_input(images, 0.3, 0.2)
    expected = (images.double() / 255 - 0.3) / 0.2
    for channel in range(3):
        assert torch.allclose(got[:, channel].double(), expected[:, 0], atol=1e-5)
    assert got.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(network_input(images.float() / 255, 0.3, 0.2), got)


@pytest.mark.parametrize(
    "images", [torch.zeros(1, 3, 4, 4), torch.zeros(1, 4, 4), torch.zeros(1, 1, 4, 4).long()]
)
def test_network_input_refuses_what_is_no_grey_view(images: torch.Tensor):
    with pytest.raises(ValueError, match="expected"):
        network_input(images, 0.5, 0.5)
