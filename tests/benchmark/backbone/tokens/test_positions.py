"""Tables of positions are resampled as the library of their origin does it, and kept to the bit where they fit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from timm.layers import resample_abs_pos_embed
from torch import Tensor
from torch.nn import functional as F

from lovt_bench.benchmark.backbone.tokens.positions import PositionRule, resample_table

RULES: dict[PositionRule, dict[str, Any]] = {
    "bicubic": {"mode": "bicubic"},
    "bicubic-antialias": {"mode": "bicubic", "antialias": True},
    "bicubic-offset": {"mode": "bicubic"},
    "bilinear": {"mode": "bilinear"},
}


def table_of(grid: int, prefix: int, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, prefix + grid**2, 6, generator=generator, dtype=dtype)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("source", "target", "prefix"), [(37, 16, 1), (14, 5, 0), (14, 28, 5), (32, 14, 2)])
def test_each_rule_is_torchs_own(rule: PositionRule, source: int, target: int, prefix: int) -> None:
    table = table_of(source, prefix)
    image = table[:, prefix:].unflatten(1, (source, source)).movedim(3, 1)
    offset = rule == "bicubic-offset"
    # DINOv2's repository hands a scale to torch, computed with a grid larger by 0.1.
    size = {"scale_factor": (target + 0.1) / source} if offset else {"size": (target, target)}
    expected = F.interpolate(image, **size, **RULES[rule]).movedim(1, 3).flatten(1, 2)
    found = resample_table(table, rule, source, target, prefix)
    assert torch.equal(found[:, :prefix], table[:, :prefix])
    torch.testing.assert_close(found[:, prefix:], expected, rtol=0, atol=2e-5)


def test_timms_rule_is_timms() -> None:
    table = table_of(37, 1)
    expected = resample_abs_pos_embed(table, [16, 16], num_prefix_tokens=1)
    torch.testing.assert_close(
        resample_table(table, "bicubic-antialias", 37, 16, 1), expected, rtol=0, atol=5e-6
    )


def test_rules_differ_by_more_than_a_detail() -> None:
    found = [
        resample_table(table_of(37, 0), rule, 37, 16, 0)
        for rule in ("bicubic", "bicubic-antialias", "bicubic-offset")
    ]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (found[one] - found[other]).norm() > 0.05 * found[one].norm()


def test_a_table_that_fits_is_the_same_object() -> None:
    table = table_of(14, 1)
    assert resample_table(table, "bicubic", 14, 14, 1) is table


def test_half_precision_is_resampled_in_single() -> None:
    table = table_of(16, 1).half()
    expected = resample_table(table.float(), "bicubic", 16, 7, 1).half()
    assert torch.equal(resample_table(table, "bicubic", 16, 7, 1), expected)


def test_gradients_are_those_of_finite_differences() -> None:
    table = table_of(5, 1, torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda each: resample_table(each, "bicubic-antialias", 5, 3, 1), table)


@pytest.mark.parametrize("prefix", [0, 2])
def test_a_table_with_other_rows_is_refused(prefix: int) -> None:
    with pytest.raises(ValueError, match="expected a table of positions"):
        resample_table(table_of(14, 1), "bicubic", 14, 7, prefix)


def test_a_rule_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="bicubic-antialias, bicubic-offset, bilinear, found 'nearest'"):
        resample_table(table_of(14, 1), "nearest", 14, 7, 1)  # type: ignore[arg-type]
