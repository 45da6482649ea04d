"""The local loss against loops over pairs in float64, written from the paper's formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lovt_bench.submissions.gloria.local_contrast import Sharpness, local_contrast, matching

SHARPNESS = Sharpness(4.0, 5.0, 10.0)
MASK = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 0, 0]]).bool()


def softmax(scores: np.ndarray, axis: int) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return np.asarray(raised / raised.sum(axis=axis, keepdims=True))


def plain_matching(regions: np.ndarray, words: np.ndarray) -> float:
    """Return log Σ_i exp(5 cos(c_i, w_i)) of one image (R, d) and one text (W, d)."""
    normalised = softmax(regions @ words.T, axis=1)
    terms = []
    for i, word in enumerate(words):
        attention = softmax(4 * normalised[:, i], axis=0)
        seen = attention @ regions
        cosine = seen @ word / (np.linalg.norm(seen) * np.linalg.norm(word))
        terms.append(np.exp(5 * cosine))
    return float(np.log(sum(terms)))


@pytest.fixture
def pairs() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    return torch.randn(3, 6, 5, dtype=torch.float64), torch.randn(3, 4, 5, dtype=torch.float64)


def test_images_match_texts_as_the_formula_says(pairs: tuple[torch.Tensor, torch.Tensor]):
    regions, words = pairs
    found = matching(regions, words, MASK, SHARPNESS)
    for m in range(3):
        for n in range(3):
            expected = plain_matching(regions[m].numpy(), words[n, MASK[n]].numpy())
            assert found[m, n].item() == pytest.approx(expected, rel=1e-12)


def test_both_directions_are_cross_entropies_of_what_matches(pairs: tuple[torch.Tensor, torch.Tensor]):
    regions, words = pairs
    table = np.array(
        [[10 * plain_matching(v.numpy(), w[own].numpy()) for w, own in zip(words, MASK, strict=True)] for v in regions]
    )  # fmt: skip
    result = local_contrast(regions, words, MASK, SHARPNESS)
    for found, scores in ((result.image_to_report, table), (result.report_to_image, table.T)):
        expected = -np.log(np.diag(softmax(scores, axis=1))).mean()
        assert found.item() == pytest.approx(expected, rel=1e-12)


def test_what_stands_at_padded_words_changes_nothing(pairs: tuple[torch.Tensor, torch.Tensor]):
    regions, words = pairs
    words.requires_grad_()
    before = torch.stack([*local_contrast(regions, words, MASK, SHARPNESS)])
    other = torch.where(MASK[..., None], words, 100)
    after = torch.stack([*local_contrast(regions, other, MASK, SHARPNESS)])
    torch.testing.assert_close(before, after)
    (gradient,) = torch.autograd.grad(before.sum(), words)
    assert gradient.isfinite().all()
    assert not gradient[~MASK].any()


def test_candidates_of_all_ranks_give_the_rows_of_one_batch(pairs: tuple[torch.Tensor, torch.Tensor]):
    regions, words = pairs
    whole = local_contrast(regions, words, MASK, SHARPNESS)
    shares = [
        local_contrast(
            regions[at : at + 1],
            words[at : at + 1],
            MASK[at : at + 1],
            SHARPNESS,
            all_regions=regions,
            all_words=(words, MASK),
            first=at,
        )
        for at in range(3)
    ]
    for direction in range(2):
        torch.testing.assert_close(
            torch.stack([share[direction] for share in shares]).mean(), whole[direction]
        )
