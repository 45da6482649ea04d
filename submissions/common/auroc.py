"""The value that chooses the exported epoch of classifiers."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics.functional.classification import binary_auroc

CHANCE = 0.5


def macro_auroc(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the mean area under the ROC curve over labels, exact, ties counted half.

    A label that is never or always positive has no such area and is left out; where none has one, chance level is
    returned, so that a tiny validation split still lets training go on.

    Args:
        scores: (N, L) probabilities in [0, 1].
        labels: (N, L) of 0 and 1.
    """
    both = (labels.amin(0) != labels.amax(0)).nonzero().flatten()
    if not len(both):
        return torch.tensor(CHANCE, device=scores.device)
    values = [binary_auroc(scores[:, label], labels[:, label].long()) for label in both.tolist()]
    return torch.stack(values).mean()
