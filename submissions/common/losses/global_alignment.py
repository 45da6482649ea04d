"""Contrastive loss between images and their reports (pretraining.md section 1.5, global)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional


class GlobalAlignment(NamedTuple):
    """Loss of both directions and how often the right partner is found."""

    image_to_report: Tensor
    """() float32: image anchors, report candidates."""
    report_to_image: Tensor
    """() float32."""
    accuracies: dict[str, Tensor]
    """`a2b_top_1`, `a2b_top_5`, `b2a_top_1`, `b2a_top_5`: share of anchors whose partner is among the k most
    similar candidates (a = image, b = report). A tie counts against it, so that a collapse shows."""

    def total(self, image_weight: float = 0.75, report_weight: float = 0.25) -> Tensor:
        """Return the weighted sum; the weights are those of image and report anchors."""
        return image_weight * self.image_to_report + report_weight * self.report_to_image


def global_alignment(
    images: Tensor,
    reports: Tensor,
    temperature: float = 0.1,
    *,
    all_images: Tensor | None = None,
    all_reports: Tensor | None = None,
    first: int = 0,
    same_modality: bool = False,
) -> GlobalAlignment:
    """Return the loss of a batch of pairs.

    Args:
        images: (B, d) projected images, not yet of unit length.
        reports: (B, d) their reports, same order.
        all_images: (M, d) candidates where negatives are gathered over ranks, the batch's own pairs among
            them in rows `first` … `first + B - 1`; None: the batch itself.
        all_reports: (M, d) of the same pairs.
        first: Row of the batch's first pair in the candidates (rank · B).
        same_modality: The other candidates of the anchor's own modality are negatives too (not published).

    Raises:
        ValueError: Shapes do not fit.
    """
    if images.ndim != 2 or images.shape != reports.shape:
        raise ValueError(
            f"expected images and reports of one shape (B, d), found {tuple(images.shape)} and {tuple(reports.shape)}"
        )
    with torch.autocast(images.device.type, enabled=False):
        a, b = (functional.normalize(_real(side), dim=1) for side in (images, reports))
        all_a = a if all_images is None else functional.normalize(_real(all_images), dim=1)
        all_b = b if all_reports is None else functional.normalize(_real(all_reports), dim=1)
        if not len(all_a) == len(all_b) >= first + len(a):
            raise ValueError(
                f"{len(all_a)} candidate images and {len(all_b)} reports do not hold rows "
                f"{first} to {first + len(a) - 1}"
            )
        partner = torch.arange(first, first + len(a), device=a.device)
        losses: list[Tensor] = []
        accuracies: dict[str, Tensor] = {}
        for name, anchors, candidates, own in (("a2b", a, all_b, all_a), ("b2a", b, all_a, all_b)):
            logits = anchors @ candidates.T / temperature
            accuracies |= {f"{name}_top_{k}": _found(logits.detach(), partner, k) for k in (1, 5)}
            if same_modality:
                itself = torch.zeros_like(logits, dtype=torch.bool).scatter_(1, partner[:, None], True)
                within = (anchors @ own.T / temperature).masked_fill(itself, -torch.inf)
                logits = torch.cat([logits, within], dim=1)
            losses.append(functional.cross_entropy(logits, partner))
    return GlobalAlignment(losses[0], losses[1], accuracies)


def _found(logits: Tensor, partner: Tensor, k: int) -> Tensor:
    """Return the share of rows where fewer than k other candidates reach the partner's similarity."""
    reached = (logits >= logits.gather(1, partner[:, None])).sum(dim=1) - 1
    return (reached < k).float().mean()


def _real(tensor: Tensor) -> Tensor:
    return tensor if tensor.dtype == torch.float64 else tensor.float()
