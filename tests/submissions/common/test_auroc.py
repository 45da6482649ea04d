"""The value that chooses the epoch of classifiers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lovt_bench.submissions.common.auroc import macro_auroc


def slow_auroc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of (positive, negative) pairs in the right order, ties half."""
    positive, negative = scores[labels == 1], scores[labels == 0]
    wins = [(p > n) + 0.5 * (p == n) for p in positive for n in negative]
    return float(np.mean(wins))


def test_auroc_is_the_share_of_pairs_in_order_averaged_over_labels():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 8, (40, 5)).astype(np.float32) / 8
    labels = (rng.random((40, 5)) < 0.3).astype(np.float32)
    expected = np.mean([slow_auroc(scores[:, k], labels[:, k]) for k in range(5)])
    got = macro_auroc(torch.from_numpy(scores), torch.from_numpy(labels))
    assert got.item() == pytest.approx(expected)


def test_a_label_with_one_value_is_left_out():
    scores = torch.tensor([[0.1, 0.2, 0.3], [0.9, 0.1, 0.2]])
    labels = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 1.0]])
    assert macro_auroc(scores, labels).item() == 1
    assert macro_auroc(scores[:, 1:], labels[:, 1:]).item() == 0.5, "no label has an AUROC: chance"
