"""What DenseCL minimises, apart from any trainer (Wang et al., CVPR 2021, sections 3.2 to 3.4)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from lovt_bench.submissions.common.lightly_parts import utils


class Encoded(NamedTuple):
    """What a network and its two heads make of a batch of views; nothing of unit length yet."""

    features: Tensor
    """(B, N, C), the last feature map at its N places."""
    whole: Tensor
    """(B, d), global projection."""
    places: Tensor
    """(B, N, d), dense projection of each place."""


class Keys(NamedTuple):
    """What the two queues get of a batch, unit length."""

    whole: Tensor
    """(B, d)."""
    dense: Tensor
    """(B, d), mean of an image's dense projections."""


def densecl_loss(
    queries: Encoded,
    keys: Encoded,
    whole_negatives: Tensor,
    dense_negatives: Tensor,
    *,
    temperature: float = 0.2,
    dense_weight: float = 0.5,
) -> tuple[Tensor, Keys]:
    """Return (1 - dense_weight) · global loss + dense_weight · dense loss, and the keys for the queues.

    Each place of a query view has as positive the key place whose backbone feature is most like its own.

    Args:
        queries: First views, with gradient.
        keys: Second views by the momentum encoder; no gradient flows to them.
        whole_negatives: (K, d) of the global queue, unit length.
        dense_negatives: (K, d) of the dense queue, unit length.
        temperature: Above 0.
        dense_weight: In [0, 1].
    """
    with torch.autocast(queries.whole.device.type, enabled=False):
        queries, keys = (
            Encoded(*map(_real, side)) for side in (queries, Encoded(*(k.detach() for k in keys)))
        )
        new = Keys(*(functional.normalize(rows, dim=1) for rows in (keys.whole, keys.places.mean(1))))
        whole = info_nce(functional.normalize(queries.whole, dim=1), new.whole, whole_negatives, temperature)
        positives = utils.select_most_similar(queries.features.detach(), keys.features, keys.places)
        dense = info_nce(
            functional.normalize(queries.places, dim=2).flatten(0, 1),
            functional.normalize(positives, dim=2).flatten(0, 1),
            dense_negatives,
            temperature,
        )
        return (1 - dense_weight) * whole + dense_weight * dense, new


def info_nce(queries: Tensor, positives: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """Return the mean cross-entropy of finding a query's positive among it and all negatives.

    Args:
        queries: (Q, d), unit length.
        positives: (Q, d), unit length.
        negatives: (K, d), unit length.
        temperature: Above 0.
    """
    positive = (queries * positives).sum(1, keepdim=True)
    logits = torch.cat([positive, queries @ negatives.to(queries).T], dim=1) / temperature
    return functional.cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.int64))


def _real(tensor: Tensor) -> Tensor:
    return tensor if tensor.dtype == torch.float64 else tensor.float()
