"""MGCA's disease-level alignment (CPA): an image says which prototypes its report belongs to, and the reverse."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from lovt_bench.submissions.common.distributed import gather_with_gradient, rank


@torch.no_grad()
def assignments(scores: Tensor, epsilon: float = 0.05, iterations: int = 3) -> Tensor:
    """Return (B, K) codes, rows sum 1, by Sinkhorn's iterations: prototypes are to be used alike by a batch.

    Args:
        scores: (B, K) cosines of samples and prototypes.
        epsilon: Temperature; the smaller, the closer each code is to one prototype.
        iterations: Of scaling prototypes to equal shares, then samples.
    """
    # The largest score of all cancels out; without it exp could be out of range.
    plan = ((scores - scores.max()) / epsilon).exp()
    for _ in range(iterations):
        plan = plan / plan.sum(dim=0, keepdim=True)
        plan = plan / plan.sum(dim=1, keepdim=True)
    return plan


class Prototypes(nn.Module):
    """K unit vectors that images and reports are compared with."""

    def __init__(self, dimension: int, count: int) -> None:
        super().__init__()
        self.vectors = nn.Linear(dimension, count, bias=False)

    def forward(
        self,
        images: Tensor,
        reports: Tensor,
        *,
        temperature: float = 0.2,
        epsilon: float = 0.05,
        iterations: int = 3,
        gather: bool = False,
    ) -> Tensor:
        """Return () the loss, mean of both directions; it brings the vectors to unit length first.

        Args:
            images: (B, d) embedded images, not yet of unit length.
            reports: (B, d) their reports, same order.
            temperature: Of what one side says of the other's prototypes.
            epsilon: See `assignments`.
            iterations: See `assignments`.
            gather: Whether codes are made of the samples of all ranks together.
        """
        with torch.no_grad():
            self.vectors.weight.copy_(functional.normalize(self.vectors.weight, dim=1))
        wide = torch.promote_types(images.dtype, torch.float32)
        with torch.autocast(images.device.type, enabled=False):
            of_images, of_reports = (
                self.vectors(functional.normalize(side.to(wide), dim=1)) for side in (images, reports)
            )
            terms = [
                -(self._codes(own, epsilon, iterations, gather) * said.div(temperature).log_softmax(dim=1))
                .sum(dim=1)
                .mean()
                for own, said in ((of_images, of_reports), (of_reports, of_images))
            ]
            return torch.stack(terms).mean()

    @staticmethod
    def _codes(scores: Tensor, epsilon: float, iterations: int, gather: bool) -> Tensor:
        if not gather:
            return assignments(scores, epsilon, iterations)
        first = rank() * len(scores)
        everywhere = gather_with_gradient(scores.detach())
        return assignments(everywhere, epsilon, iterations)[first : first + len(scores)]
