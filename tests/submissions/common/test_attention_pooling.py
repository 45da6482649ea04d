"""Attention pooling against its formula in numpy, and the quirk of its query."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lovt_bench.submissions.common.attention_pooling import AttentionPooling


@pytest.mark.parametrize(("dimension", "parameters"), [(2048, 16_785_408), (768, 2_362_368)])
def test_parameter_counts_of_the_protocol(dimension, parameters):
    with torch.device("meta"):
        pooling = AttentionPooling(dimension)
    assert sum(parameter.numel() for parameter in pooling.parameters()) == parameters


def plain(pooling: AttentionPooling, positions: np.ndarray, divisor: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pooled features and weights of one sample without padding, float64."""
    state = {name: value.numpy() for name, value in pooling.attention.state_dict().items()}
    dimension, heads = positions.shape[1], pooling.attention.num_heads
    queries = (positions.sum(0) / divisor)[None]
    q, k, v = (
        values @ state["in_proj_weight"][part * dimension : (part + 1) * dimension].T
        + state["in_proj_bias"][part * dimension : (part + 1) * dimension]
        for part, values in enumerate((queries, positions, positions))
    )
    width = dimension // heads
    outputs, weights = [], []
    for head in range(heads):
        of = slice(head * width, (head + 1) * width)
        scores = np.exp(q[:, of] @ k[:, of].T / np.sqrt(width))
        weights.append((scores / scores.sum())[0])
        outputs.append(weights[-1] @ v[:, of])
    return (
        np.concatenate(outputs) @ state["out_proj.weight"].T + state["out_proj.bias"],
        np.mean(weights, axis=0),
    )


@pytest.mark.parametrize(("query", "divisor"), [("padded", 5), ("valid", 3)])
def test_pooling_of_a_padded_sample_is_the_formula(query, divisor):
    torch.manual_seed(0)
    pooling = AttentionPooling(16, heads=4, query=query).double()
    torch.nn.init.normal_(pooling.attention.in_proj_bias)
    positions = torch.randn(2, 5, 16, dtype=torch.float64)
    mask = torch.tensor([[True] * 3 + [False] * 2, [True] * 5])
    positions[0, 3:] = 0
    with torch.no_grad():
        pooled, weights = pooling(positions, mask)
    expected, expected_weights = plain(pooling, positions[0, :3].numpy(), divisor)
    np.testing.assert_allclose(pooled[0], expected, rtol=1e-9)
    np.testing.assert_allclose(weights[0], [*expected_weights, 0, 0], rtol=1e-9)


@pytest.mark.parametrize(("query", "depends"), [("padded", True), ("valid", False)])
def test_only_the_published_query_depends_on_the_batchs_longest_report(query, depends):
    torch.manual_seed(0)
    pooling = AttentionPooling(16, query=query)
    short = torch.randn(1, 2, 16)
    longer = torch.cat([short, torch.zeros(1, 3, 16)], dim=1)
    mask = torch.tensor([[True, True, False, False, False]])
    with torch.no_grad():
        alone, padded = pooling(short)[0], pooling(longer, mask)[0]
    assert torch.allclose(alone, padded, atol=1e-6) is not depends
