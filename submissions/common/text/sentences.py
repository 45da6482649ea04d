"""Text augmentation (pretraining.md section 1.7). Draws from torch's global CPU generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch

SentenceChoice = Literal["swaps", "one", "all"]
"""`swaps`: all sentences, some pairs exchanged (LoVT); `one`: a random one (ConVIRT, CLIP); `all`: as they are."""


def training_sentences(
    sentences: Sequence[str], choice: SentenceChoice, swap_probability: float = 0.6
) -> list[str]:
    """Return the sentences that a training sample shows."""
    if choice == "one":
        return [sentences[int(torch.randint(len(sentences), ()))]]
    if choice == "swaps":
        return swapped(sentences, swap_probability)
    return list(sentences)


def swapped(sentences: Sequence[str], probability: float) -> list[str]:
    """Return all sentences after n swaps of two positions, drawn uniformly with replacement.

    n is geometric: P(n) = (1 - probability) · probability^n.
    """
    result = list(sentences)
    while float(torch.rand(())) < probability:
        i, j = torch.randint(len(result), (2,)).tolist()
        result[i], result[j] = result[j], result[i]
    return result
