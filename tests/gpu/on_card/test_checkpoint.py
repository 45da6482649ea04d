"""A fine-tuning that was cut off on a card goes on with its gradient scale and the generator of the card."""

from __future__ import annotations

import pytest
import torch

from tests.benchmark.engine.train.test_checkpoint import (
    Dropping,
    Killed,
    case_of,
    killed_at,
    make_small_and_eager,
    same,
)


def test_it_ends_as_an_unbroken_one(card, tmp_path, monkeypatch):
    make_small_and_eager(monkeypatch)
    case = case_of("yolov3", tmp_path / "world", card)
    torch.manual_seed(1)
    expected, _, _ = case.train(backbone=Dropping)
    torch.manual_seed(1)
    with pytest.raises(Killed):
        case.train(tmp_path, backbone=Dropping, on_epoch=killed_at(2))
    torch.manual_seed(2)
    found, _, resumed = case.train(tmp_path, backbone=Dropping)
    assert resumed == [2]
    assert found.how.skipped_steps is not None
    same(found, expected)
