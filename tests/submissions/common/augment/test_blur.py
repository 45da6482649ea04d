"""Two passes give torchvision's blur, on 8-bit and floating values."""

from __future__ import annotations

import pytest
import torch
from torchvision.transforms import v2

from lovt_bench.submissions.common.augment.blur import SeparableGaussianBlur, gaussian_blur


@pytest.mark.parametrize("sigma", [0.1, 0.7, 3.0])
@pytest.mark.parametrize("shape", [(1, 64, 48), (3, 1, 40, 40)])
def test_equals_the_blur_of_two_dimensions(sigma: float, shape: tuple[int, ...]) -> None:
    images = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    mine, theirs = SeparableGaussianBlur(23, (sigma, sigma)), v2.GaussianBlur(23, (sigma, sigma))
    torch.testing.assert_close(mine(images.float() / 255), theirs(images.float() / 255), rtol=0, atol=3e-6)
    whole = mine(images).int() - theirs(images).int()
    assert mine(images).dtype == torch.uint8
    assert int(whole.abs().max()) <= 1, "a value may lie on the other side of a half"
    assert float((whole != 0).float().mean()) < 1e-3


@pytest.mark.parametrize(
    ("side", "kernel", "greatest"), [(224, 23, 3.0), (128, 13, 3 * 128 / 224), (32, 3, 3 / 7)]
)
def test_size_follows_the_side(side: int, kernel: int, greatest: float) -> None:
    blur = gaussian_blur(side, (0.1, 3.0))
    assert tuple(blur.kernel_size) == (kernel, kernel)
    assert blur.sigma[1] == pytest.approx(greatest)
