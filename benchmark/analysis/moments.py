"""Sums of products of rows, one batch at a time in float64: variances, covariances, effective rank, linear CKA."""

from __future__ import annotations

import torch
from torch import Tensor


class Products:
    """Means of two sets of rows and the sum of products of their deviations (Chan et al. 1983).

    Args:
        width: Values of a row of the first set.
        other: Values of a row of the second.
        device: Where the sums lie: width x other values of 8 bytes.
    """

    def __init__(self, width: int, other: int, device: torch.device) -> None:
        self.count = 0
        self._means = [torch.zeros(each, dtype=torch.float64, device=device) for each in (width, other)]
        self.deviations = torch.zeros(width, other, dtype=torch.float64, device=device)

    def add(self, first: Tensor, second: Tensor) -> None:
        """Take in rows (n, width) and (n, other), which belong together row by row; float64, n at least 1."""
        rows = len(first)
        means = [first.mean(0), second.mean(0)]
        self.deviations.addmm_((first - means[0]).T, second - means[1])
        shifts = [new - old for new, old in zip(means, self._means, strict=True)]
        total = self.count + rows
        self.deviations.addr_(*shifts, alpha=self.count * rows / total)
        for mean, shift in zip(self._means, shifts, strict=True):
            mean.add_(shift, alpha=rows / total)
        self.count = total


class Moments(Products):
    """Mean and covariance of rows.

    Args:
        width: Values of a row.
        device: Where the sums lie.
    """

    def __init__(self, width: int, device: torch.device) -> None:
        super().__init__(width, width, device)

    def add_rows(self, rows: Tensor) -> None:
        """Take in rows (n, width) float64."""
        self.add(rows, rows)

    @property
    def mean(self) -> Tensor:
        """(width,)"""
        return self._means[0]

    def variance(self) -> Tensor:
        """Return the unbiased variance of each value (width,).

        Raises:
            ValueError: Fewer than two rows.
        """
        if self.count < 2:
            raise ValueError(f"a variance needs at least 2 embeddings, found {self.count}")
        return self.deviations.diagonal() / (self.count - 1)

    def cov_offdiagonal(self) -> float:
        """Return the sum of the squared covariances of different values, divided by their number (width)."""
        variance = self.variance()
        squares = self.deviations.square().sum() / (self.count - 1) ** 2
        return float((squares - variance.square().sum()).clamp(min=0) / len(variance))

    def effective_rank(self) -> float | None:
        """Return exp of the entropy of the singular values of the rows, divided by their sum; None if all are 0.

        RankMe (Garrido et al. 2023) of rows as they are, not centred, without its ε = 1e-7. The singular values are
        roots of the eigenvalues of the sum of products, of which at most as many as there are rows are not 0.
        """
        products = self.deviations + self.count * torch.outer(self.mean, self.mean)
        squares = torch.linalg.eigvalsh(products)[-self.count :]
        rounding = squares[-1] * len(products) * torch.finfo(squares.dtype).eps
        values = torch.where(squares > rounding, squares, 0.0).sqrt()
        if not values.sum() > 0:
            return None
        shares = values / values.sum()
        return float(torch.special.entr(shares).sum().exp())


def linear_cka(cross: Products, first: Moments, second: Moments) -> float | None:
    """Return the similarity of two sets of rows: ‖XᵀY‖² / (‖XᵀX‖ ‖YᵀY‖), both centred (Kornblith et al. 2019).

    Args:
        cross: Of the rows of both.
        first: Of the rows of the first.
        second: Of the rows of the second.

    Returns:
        0 to 1, whatever rotation and scale; None where one of them does not vary.
    """
    scale = torch.linalg.norm(first.deviations) * torch.linalg.norm(second.deviations)
    if not scale > 0:
        return None
    return min(1.0, float(torch.linalg.norm(cross.deviations).square() / scale))
