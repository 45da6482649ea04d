"""CTA against loops over tokens in float64, written from the paper's formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lovt_bench.submissions.mgca.token_alignment import token_alignment, word_weights

MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]).bool()
TEMPERATURE = 0.1


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def plain(tokens: np.ndarray, context: np.ndarray, weights: np.ndarray) -> float:
    """Return the loss of one sample: tokens (N, d), context (M, d), weights (N,)."""
    tokens, context = unit(tokens), unit(context)
    seen = []
    for token in tokens:
        attention = np.exp(context @ token / TEMPERATURE)
        seen.append(unit((attention / attention.sum()) @ context))
    total = 0.0
    for i in range(len(tokens)):
        for anchor, candidates in ((tokens[i], np.array(seen)), (seen[i], tokens)):
            terms = np.exp(candidates @ anchor / TEMPERATURE)
            total -= weights[i] * np.log(terms[i] / terms.sum()) / 2
    return total


@pytest.fixture
def sides() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return words (2, 5, d), regions (2, 4, d) and weights of words."""
    torch.manual_seed(1)
    words, regions = torch.randn(2, 5, 6, dtype=torch.float64), torch.randn(2, 4, 6, dtype=torch.float64)
    weights = torch.rand(2, 5, dtype=torch.float64) * MASK
    return words, regions, weights / weights.sum(1, keepdim=True)


def test_words_among_what_regions_show_of_them(sides: tuple[torch.Tensor, torch.Tensor, torch.Tensor]):
    words, regions, weights = sides
    found = token_alignment(words, regions, weights, mask=MASK)
    expected = [
        plain(words[b, own].numpy(), regions[b].numpy(), weights[b, own].numpy())
        for b, own in enumerate(MASK)
    ]
    assert found.item() == pytest.approx(np.mean(expected), rel=1e-12)


def test_regions_among_what_words_say_of_them(sides: tuple[torch.Tensor, torch.Tensor, torch.Tensor]):
    words, regions, _ = sides
    alike = torch.full((2, 4), 0.25, dtype=torch.float64)
    found = token_alignment(regions, words, alike, context_mask=MASK)
    expected = [
        plain(regions[b].numpy(), words[b, own].numpy(), np.full(4, 0.25)) for b, own in enumerate(MASK)
    ]
    assert found.item() == pytest.approx(np.mean(expected), rel=1e-12)


def test_what_stands_at_padded_words_changes_nothing(sides: tuple[torch.Tensor, torch.Tensor, torch.Tensor]):
    words, regions, weights = sides
    padded = torch.where(MASK[..., None], words, 0).requires_grad_()
    alike = torch.full((2, 4), 0.25, dtype=torch.float64)
    losses = [
        token_alignment(given, regions, weights, mask=MASK)
        + token_alignment(regions, given, alike, context_mask=MASK)
        for given in (words, padded)
    ]
    torch.testing.assert_close(*losses)
    (gradient,) = torch.autograd.grad(losses[1], padded)
    assert gradient.isfinite().all()
    assert not gradient[~MASK].any()


def test_weights_are_clipped_at_the_quantiles_of_their_report():
    torch.manual_seed(2)
    attention = torch.rand(2, 5)
    found = word_weights(attention.clone().requires_grad_(), MASK)
    assert not found.requires_grad
    for row, own, got in zip(attention, MASK, found, strict=True):
        values = row[own].numpy()
        expected = np.clip(values, np.quantile(values, 0.1), np.quantile(values, 0.9))
        np.testing.assert_allclose(got[own].numpy(), expected / expected.sum(), rtol=1e-5)
        assert not got[~own].any()
