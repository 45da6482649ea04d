"""Size of the Gaussian blur at image sides other than the published one."""

from __future__ import annotations

from torchvision.transforms import v2

PUBLISHED_SIDE = 224
PUBLISHED_KERNEL = 23


def gaussian_blur(side: int, sigma: tuple[float, float]) -> v2.GaussianBlur:
    """Return the blur of 23 x 23 pixels and `sigma` at side 224, both in proportion at other sides.

    Args:
        side: side of the images that will be blurred, in pixels.
        sigma: least and greatest standard deviation, in pixels of a 224 image.

    The kernel is the odd number nearest to 23 * side / 224 (the smaller of two), at least 3.
    """
    scale = side / PUBLISHED_SIDE
    kernel = max(3, 2 * round((PUBLISHED_KERNEL * scale - 1) / 2 - 1e-9) + 1)
    return v2.GaussianBlur(kernel, (sigma[0] * scale, sigma[1] * scale))
