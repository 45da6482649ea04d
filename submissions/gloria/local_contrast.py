"""GLoRIA's local loss: which image goes with which text, told by how well its regions make up the words.

Each word is compared with the image as the word itself looks at it: a mean of the regions, weighted by attention.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class Sharpness(NamedTuple):
    """The three factors before the exponentials: temp1, temp2 and temp3 of the origin's code."""

    attention: float = 4.0
    """Of regions, for a word."""
    words: float = 5.0
    """Of words, in what a text as a whole says of an image."""
    pairs: float = 10.0
    """Of pairs, in the contrast."""


class LocalContrast(NamedTuple):
    """Loss of both directions."""

    image_to_report: Tensor
    """() float32: image anchors, report candidates."""
    report_to_image: Tensor
    """() float32."""


def matching(regions: Tensor, words: Tensor, mask: Tensor, sharpness: Sharpness) -> Tensor:
    """Return (M, N): how well each image matches each text.

    Products of regions and words are a softmax over words first, as published, then one over regions.

    Args:
        regions: (M, R, d) embedded regions.
        words: (N, W, d) embedded words.
        mask: (N, W) bool, True where there is a word; each text has one.
        sharpness: Factors; that of pairs is not used here.
    """
    products = torch.einsum("mrd,nwd->mnrw", regions, words)
    over_words = products.masked_fill(~mask[None, :, None, :], -torch.inf).softmax(dim=3)
    attention = (sharpness.attention * over_words).softmax(dim=2)
    attended = torch.einsum("mnrw,mrd->mnwd", attention, regions)
    cosine = functional.cosine_similarity(attended, words[None], dim=3)
    return torch.logsumexp((sharpness.words * cosine).masked_fill(~mask[None], -torch.inf), dim=2)


def local_contrast(
    regions: Tensor,
    words: Tensor,
    mask: Tensor,
    sharpness: Sharpness,
    *,
    all_regions: Tensor | None = None,
    all_words: tuple[Tensor, Tensor] | None = None,
    first: int = 0,
) -> LocalContrast:
    """Return the loss of a batch of pairs.

    Args:
        regions: (B, R, d) embedded regions.
        words: (B, W, d) embedded words of their texts, same order.
        mask: (B, W) bool, True where there is a word.
        sharpness: Factors.
        all_regions: (M, R, d) candidates where negatives are gathered over ranks, the batch's own among them in rows
            `first` … `first + B - 1`; None: the batch itself.
        all_words: (M, W', d) and (M, W') of the same pairs.
        first: Row of the batch's first pair in the candidates.
    """
    wide = torch.promote_types(regions.dtype, torch.float32)
    with torch.autocast(regions.device.type, enabled=False):
        regions, words = regions.to(wide), words.to(wide)
        if all_regions is None or all_words is None:
            of_images = matching(regions, words, mask, sharpness)
            of_reports = of_images.T
        else:
            of_images = matching(regions, all_words[0].to(wide), all_words[1], sharpness)
            of_reports = matching(all_regions.to(wide), words, mask, sharpness).T
        partner = torch.arange(first, first + len(regions), device=regions.device)
        return LocalContrast(
            *(
                functional.cross_entropy(sharpness.pairs * logits, partner)
                for logits in (of_images, of_reports)
            )
        )
