"""MGCA's token-wise alignment (CTA): each word is found again in what the regions show of it, and the reverse."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def token_alignment(
    tokens: Tensor,
    context: Tensor,
    weights: Tensor,
    *,
    mask: Tensor | None = None,
    context_mask: Tensor | None = None,
    temperature: float = 0.1,
) -> Tensor:
    """Return () the loss of one side, mean of both directions: of tokens against attended tokens of their sample.

    Args:
        tokens: (B, N, d) embedded tokens of one side, not yet of unit length.
        context: (B, M, d) those of the other side.
        weights: (B, N) how much a token counts, rows sum 1, 0 where padded; no gradient flows through them.
        mask: (B, N) bool, True where there is a token; others are no candidates. None: all are.
        context_mask: (B, M) bool, the same of the other side.
        temperature: Of the attention and of the contrast.
    """
    wide = torch.promote_types(tokens.dtype, torch.float32)
    with torch.autocast(tokens.device.type, enabled=False):
        tokens, context = (functional.normalize(side.to(wide), dim=2) for side in (tokens, context))
        attention = _without(tokens @ context.mT / temperature, context_mask).softmax(dim=2)
        attended = functional.normalize(attention @ context, dim=2)
        similarity = tokens @ attended.mT / temperature
        target = torch.arange(similarity.shape[1], device=similarity.device).expand(similarity.shape[:2])
        losses = [
            # Candidates are in dimension 1 for cross_entropy; what is not there has weight 0.
            functional.cross_entropy(_without(logits, mask).mT, target, reduction="none")
            for logits in (similarity, similarity.mT)
        ]
        weights = weights.detach().to(wide)
        terms = [torch.where(weights > 0, weights * loss, 0).sum(dim=1).mean() for loss in losses]
        return torch.stack(terms).mean()


def _without(scores: Tensor, mask: Tensor | None) -> Tensor:
    """Return scores (B, N, M) that are -inf where the mask (B, M) is False."""
    return scores if mask is None else scores.masked_fill(~mask[:, None], -torch.inf)


def word_weights(attention: Tensor, mask: Tensor, tail: float = 0.1) -> Tensor:
    """Return (B, W) weights of words, rows sum 1: their attention, no lower or higher than its quantiles.

    Args:
        attention: (B, W) non-negative, how the report as a whole looks at its words.
        mask: (B, W) bool, True where there is a word; each report has one.
        tail: Share of words below the lower and above the upper bound.
    """
    among = attention.detach().float().masked_fill(~mask, torch.nan)
    low, high = (torch.nanquantile(among, q, dim=1, keepdim=True) for q in (tail, 1 - tail))
    clipped = torch.where(mask, among.clamp(low, high), 0)
    return clipped / clipped.sum(dim=1, keepdim=True)
