"""The local loss against a plain float64 loop, its positives, and the values that the protocol prints."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lovt_bench.submissions.common.losses.local_alignment import (
    local_alignment,
    region_positives,
    sentence_positives,
)


def plain(z, attended, positives, weights, mask, temperature=0.3) -> float:
    """Return the mean over samples of Σ_i w_i (-Σ_j p_ij s_ij + log Σ_j exp s_ij), padded positions skipped."""
    losses = []
    for sample in range(len(z)):
        valid = np.flatnonzero(mask[sample])
        total = sum(weights[sample][i] for i in valid)
        for_sample = 0.0
        for i in valid:
            s = {
                j: float(np.dot(z[sample, i], attended[sample, j]))
                / (np.linalg.norm(z[sample, i]) * np.linalg.norm(attended[sample, j]) * temperature)
                for j in valid
            }
            loss = math.log(sum(map(math.exp, s.values()))) - sum(positives[i, j] * s[j] for j in valid)
            for_sample += weights[sample][i] / total * loss
        losses.append(for_sample)
    return float(np.mean(losses))


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_both_directions_are_the_formula(masked, weighted):
    torch.manual_seed(0)
    z, attended = torch.randn(2, 3, 6, 5, dtype=torch.float64)
    mask = torch.tensor([[True] * 4 + [False] * 2, [True] + [False] * 5, [True] * 6])
    weights = torch.rand(3, 6, dtype=torch.float64)
    positives = sentence_positives(6) if masked else region_positives(2, 3)
    result = local_alignment(
        z, attended, positives, weights=weights if weighted else None, mask=mask if masked else None
    )
    others = (
        positives.double().numpy(),
        weights.numpy() if weighted else np.ones((3, 6)),
        mask.numpy() if masked else np.ones((3, 6), bool),
    )
    assert result.to_attended.item() == pytest.approx(plain(z.numpy(), attended.numpy(), *others), rel=1e-6)
    assert result.from_attended.item() == pytest.approx(plain(attended.numpy(), z.numpy(), *others), rel=1e-6)


def test_equal_embeddings_give_ln_49():
    ones = torch.ones(2, 49, 4)
    for value in local_alignment(ones, ones, region_positives(7, 7)):
        assert value.item() == pytest.approx(math.log(49), abs=1e-5)


def test_padding_has_no_part_and_no_gradient():
    torch.manual_seed(0)
    z = torch.randn(1, 3, 4, requires_grad=True)
    attended = torch.randn(1, 3, 4)
    mask = torch.tensor([[True, True, False]])
    result = local_alignment(z, attended, sentence_positives(3), mask=mask)
    result.to_attended.add(result.from_attended).backward()
    assert z.grad is not None
    assert z.grad.isfinite().all()
    assert not z.grad[0, 2].any()
    attended[0, 2] = 1e3
    again = local_alignment(z, attended, sentence_positives(3), mask=mask)
    torch.testing.assert_close(again, result)


def test_no_gradient_flows_through_the_weights():
    weights = torch.rand(1, 4, requires_grad=True)
    z = torch.randn(1, 4, 3, requires_grad=True)
    local_alignment(z, torch.randn(1, 4, 3), region_positives(2, 2), weights=weights).to_attended.backward()
    assert weights.grad is None


def test_a_single_sentence_has_no_negative_and_no_loss():
    z, attended = torch.randn(2, 3, 1, 4)
    for value in local_alignment(z, attended, sentence_positives(1)):
        assert value.item() == pytest.approx(0, abs=1e-6)


def test_positives_of_the_protocol():
    positives = region_positives(7, 7)
    assert int((positives[0] > 0).sum()) == 22
    assert positives[0, 0].item() == pytest.approx(0.0604, abs=5e-5)
    assert int((positives[24] > 0).sum()) == 49
    assert positives[24, 24].item() == pytest.approx(0.0265, abs=5e-5)
    torch.testing.assert_close(positives.sum(1), torch.ones(49))


def test_without_smoothing_the_threshold_stays():
    positives = region_positives(7, 7, smoothing=None)
    assert positives[0].unique().tolist() == pytest.approx([0, 1 / 22])


def test_rows_come_before_columns():
    positives = region_positives(2, 5, threshold=0.2)
    neighbours = [tuple(np.flatnonzero(row > 0)) for row in positives.numpy()]
    assert neighbours[0] == (0, 1, 5)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"positives \(N, N\), found .*\(2, 3, 4\) and \(4, 4\)"):
        local_alignment(torch.ones(2, 3, 4), torch.ones(2, 3, 4), sentence_positives(4))
