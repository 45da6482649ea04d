"""Suppression of many groups at once keeps what torchvision keeps of each, to the bit."""

from __future__ import annotations

import pytest
import torch

from lovt_bench.tasks.detection import _one_by_one
from lovt_bench.tasks.suppression import unsuppressed

LIMIT = torch.tensor(0.4)


def boxes(count: int, kind: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return corners, scores and groups."""
    generator = torch.Generator().manual_seed(count)
    centre = torch.rand(count, 2, generator=generator) * (20 if kind == "crowded" else 224)
    size = torch.exp(torch.randn(count, 2, generator=generator) / 2 + 3)
    scores = torch.rand(count, generator=generator)
    if kind == "equal":  # of scores, of boxes, and of IoU with the threshold
        centre, size, scores = centre.round(decimals=-1), size.round(decimals=-1), scores.round(decimals=1)
    corners = torch.cat([centre - size / 2, centre + size / 2 + 1], dim=1)
    if kind == "run away":
        corners[::7, 2] = torch.inf
        corners[::7, 0] = -torch.inf
        corners[::11, 1] = torch.nan
    return corners, scores, torch.randint(0, 9, (count,), generator=generator)


@pytest.mark.parametrize("kind", ["free", "crowded", "equal", "run away"])
@pytest.mark.parametrize("count", [1, 40, 4000])
def test_what_is_kept_and_its_order_are_those_of_torchvision(count, kind):
    given = boxes(count, kind)
    assert torch.equal(unsuppressed(*given, LIMIT), _one_by_one(*given, LIMIT))


def test_an_iou_equal_to_the_limit_suppresses_and_one_below_does_not():
    corners = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 4], [0, 0, 10, 3.999]])
    scores = torch.tensor([0.9, 0.8, 0.7])
    assert unsuppressed(corners[:2], scores[:2], torch.zeros(2, dtype=torch.int64), LIMIT).tolist() == [0]
    assert unsuppressed(corners[[0, 2]], scores[:2], torch.zeros(2, dtype=torch.int64), LIMIT).tolist() == [
        0,
        1,
    ]


def test_a_long_chain_in_which_each_box_suppresses_the_next_keeps_every_other():
    left = torch.arange(100.0) * 4
    corners = torch.stack([left, torch.zeros(100), left + 10, torch.full((100,), 10.0)], dim=1)
    kept = unsuppressed(corners, 1 - left / 1000, torch.zeros(100, dtype=torch.int64), LIMIT)
    assert kept.tolist() == list(range(0, 100, 2))


def test_nothing_keeps_nothing():
    nothing = torch.zeros(0, 4), torch.zeros(0), torch.zeros(0, dtype=torch.int64)
    assert unsuppressed(*nothing, LIMIT).tolist() == []
