"""Projection heads: sizes, initialisation, positions, and the quirk of padded positions in BN."""

from __future__ import annotations

import math

import pytest
import torch

from lovt_bench.submissions.common.projection import ProjectionHead


@pytest.mark.parametrize(
    ("inputs", "norm", "parameters"),
    [(2048, True, 5_249_536), (2048, False, 5_245_440), (768, True, 2_628_096), (768, False, 2_624_000)],
)
def test_parameter_counts_of_the_protocol(inputs, norm, parameters):
    with torch.device("meta"):
        head = ProjectionHead(inputs, norm=norm)
    assert sum(parameter.numel() for parameter in head.parameters()) == parameters


def test_initialisation_is_kaiming_fan_out_with_zero_biases():
    torch.manual_seed(0)
    head = ProjectionHead(300, 400, 200)
    assert head.inner.weight.std().item() == pytest.approx(math.sqrt(2 / 400), rel=0.02)
    assert head.outer.weight.std().item() == pytest.approx(math.sqrt(1 / 200), rel=0.02)
    assert not head.inner.bias.any()
    assert not head.outer.bias.any()


def test_statistics_average_over_batch_and_positions():
    torch.manual_seed(0)
    head = ProjectionHead(6, 8, 4)
    features = torch.randn(3, 5, 6)
    projected = head(features)
    assert projected.shape == (3, 5, 4)
    torch.testing.assert_close(projected.flatten(0, 1), head(features.flatten(0, 1)))


@pytest.mark.parametrize("padded_in_norm", [True, False])
def test_padded_positions_change_statistics_only_as_published(padded_in_norm):
    torch.manual_seed(0)
    head = ProjectionHead(6, 8, 4, padded_in_norm=padded_in_norm)
    features = torch.randn(2, 3, 6)
    mask = torch.tensor([[True, True, False], [True, True, True]])
    features[~mask] = 0
    with torch.no_grad():
        projected = head(features, mask)
        alone = head(features[mask])
    assert torch.allclose(projected[mask], alone, atol=1e-6) is not padded_in_norm
    assert bool(projected[~mask].any()) is padded_in_norm
