"""Levels come from tokens by constant resampling, which is torch's own, and by the number of patches that fits best."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from lovt_bench.benchmark.backbone.tokens.grid import resample, tokens_across
from lovt_bench.benchmark.backbone.tokens.model import levels_from_tokens


@pytest.mark.parametrize(("source", "target"), [(14, 56), (16, 7), (16, 28), (5, 2), (1, 7), (37, 16)])
def test_the_products_equal_antialiased_interpolation(source: int, target: int) -> None:
    maps = torch.randn(2, 3, source, source, generator=torch.Generator().manual_seed(0))
    expected = F.interpolate(maps, (target, target), mode="bilinear", antialias=True)
    torch.testing.assert_close(resample(maps, target), expected, rtol=0, atol=5e-6)


def test_a_grid_that_fits_is_taken_to_the_bit() -> None:
    maps = torch.randn(1, 2, 14, 14)
    levels = levels_from_tokens([maps], 224)
    assert levels[2] is maps
    assert [level.shape[-1] for level in levels] == [56, 28, 14, 7]


def test_each_level_has_its_own_map_where_there_are_four() -> None:
    levels = levels_from_tokens([torch.full((1, 1, 16, 16), float(k)) for k in range(4)], 224)
    assert [round(float(level.mean()), 4) for level in levels] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("side", "patch", "tokens"),
    [(224, 14, 16), (64, 14, 5), (128, 14, 9), (128, 32, 4), (64, 96, 1), (16, 64, 1)],
)
def test_an_image_has_the_nearest_number_of_patches(side: int, patch: int, tokens: int) -> None:
    assert tokens_across(side, patch) == tokens


class Seen(TorchDispatchMode):
    """Notes the operators that are called."""

    def __init__(self) -> None:
        super().__init__()
        self.operators: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.operators.append(str(func))
        return func(*args, **(kwargs or {}))


class Coarser(nn.Module):
    def forward(self, maps: Tensor) -> Tensor:
        return resample(maps, 3)


def test_a_matrix_is_made_once_and_can_be_trained_through_whoever_made_it() -> None:
    """To copy one to a GPU makes every step wait."""
    maps = torch.randn(2, 3, 11, 11)
    with torch.inference_mode():
        resample(maps, 3)
    with Seen() as seen:
        found = resample(maps.requires_grad_(), 3)
    assert not [each for each in seen.operators if "lift_fresh" in each or "_to_copy" in each]
    found.sum().backward()
    assert maps.grad is not None


def test_a_matrix_that_was_made_for_a_trace_is_not_kept() -> None:
    maps = torch.randn(2, 3, 10, 10)
    program = torch.export.export(Coarser(), (maps,))
    expected = F.interpolate(maps, (3, 3), mode="bilinear", antialias=True)
    for found in (resample(maps, 3), program.module()(maps)):
        torch.testing.assert_close(found, expected, rtol=0, atol=5e-6)
    again = torch.export.export(Coarser(), (maps,))
    torch.testing.assert_close(again.module()(maps), expected, rtol=0, atol=5e-6)
