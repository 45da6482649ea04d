"""Linear head: upsampling by matrices is bilinear interpolation, and K heads at once are K heads."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lovt_bench.tasks.heads.linear import LinearHead, bilinear_matrix, linear_logits, upsample


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 5), st.integers(1, 40))
def test_upsampling_equals_bilinear_interpolation(height: int, width: int, factor: int, other: int):
    maps = torch.randn(2, 3, height, width, dtype=torch.float64)
    out = (height * factor, other)
    expected = F.interpolate(maps, size=out, mode="bilinear", align_corners=False)
    torch.testing.assert_close(upsample(maps, *out), expected, rtol=1e-12, atol=1e-12)


def test_rows_of_the_matrix_sum_to_one():
    torch.testing.assert_close(bilinear_matrix(7, 224).sum(1), torch.ones(224))


@pytest.mark.parametrize(("classes", "parameters"), [(1, 2049), (8, 16_392)])
def test_parameter_count_of_section_8(classes: int, parameters: int):
    assert sum(p.numel() for p in LinearHead({32: 2048}, classes).parameters()) == parameters


def test_logits_have_the_side_of_the_input_and_one_channel_a_class():
    assert LinearHead({32: 16}, 3)({32: torch.randn(2, 16, 5, 5)}).shape == (2, 3, 160, 160)


def test_a_head_is_a_convolution_then_interpolation():
    head, features = LinearHead({32: 16}, 3), torch.randn(2, 16, 7, 7)
    expected = F.interpolate(head.conv(features), size=224, mode="bilinear", align_corners=False)
    torch.testing.assert_close(head({32: features}), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("own_images", [False, True])
def test_many_heads_at_once_are_each_head_alone(own_images: bool):
    weight, bias = torch.randn(4, 2, 16), torch.randn(4, 2)
    features = torch.randn(4, 3, 16, 7, 7) if own_images else torch.randn(3, 16, 7, 7)
    together = linear_logits(features, weight, bias, size=56)
    assert together.shape == (4, 3, 2, 56, 56)
    for k in range(4):
        alone = linear_logits(features[k] if own_images else features, weight[k], bias[k], size=56)
        torch.testing.assert_close(together[k], alone)
