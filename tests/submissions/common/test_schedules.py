"""Learning-rate factors against the protocol's printed values and a scheduler that multiplies its way along."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.submissions.common.schedules import cosine, cosine_per_epoch, warmup_cosine


def test_cosine_rises_again_in_the_second_epoch():
    got = [cosine_per_epoch(step, 5) for step in range(11)]
    printed = [1, 0.9045, 0.6545, 0.3455, 0.0955, 0, 0.0955, 0.3455, 0.6545, 0.9045, 1]
    assert got == pytest.approx(printed, abs=5e-5)


@given(st.integers(0, 10_000_000), st.integers(1, 50_000))
def test_cosine_has_a_period_of_two_epochs(step: int, steps: int):
    value = cosine_per_epoch(step, steps)
    assert 0 <= value <= 1
    assert value == cosine_per_epoch(step + 2 * steps, steps)


def test_warmup_of_one_epoch_is_one_epoch_at_zero():
    got = [1e-4 * warmup_cosine(epoch, 1, 100) for epoch in (0, 1, 2, 3, 99)]
    assert got == pytest.approx([0, 1e-4, 9.99748e-5, 9.98993e-5, 2.517e-8], rel=2e-4)


def test_without_warmup_the_rate_stays_at_zero():
    assert {warmup_cosine(epoch, 0, 100) for epoch in range(100)} == {0.0}


def chained(warmup: int, longest: int) -> list[float]:
    """Return factors computed each from the one before, as a chainable scheduler does."""
    rates = [0.0]
    for epoch in range(1, longest):
        last = rates[-1]
        if epoch < warmup:
            rates.append(last + 1 / (warmup - 1))
        elif epoch == warmup:
            rates.append(1.0)
        else:
            span = longest - warmup
            now = 1 + math.cos(math.pi * (epoch - warmup) / span)
            before = 1 + math.cos(math.pi * (epoch - 1 - warmup) / span)
            rates.append(last * now / before)
    return rates


@pytest.mark.parametrize(("warmup", "longest"), [(0, 30), (1, 40), (2, 17), (5, 30), (29, 30)])
def test_warmup_is_what_the_chain_of_factors_gives(warmup: int, longest: int):
    got = [warmup_cosine(epoch, warmup, longest) for epoch in range(longest)]
    assert got == pytest.approx(chained(warmup, longest), abs=1e-9)


def test_a_run_may_end_within_its_warmup():
    assert [warmup_cosine(epoch, 5, 3) for epoch in range(3)] == [0, 0.25, 0.5]


def test_a_cosine_without_warmup_begins_at_one_and_is_torchs():
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=7)
    rates = []
    for _ in range(7):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    assert [cosine(epoch, 7) for epoch in range(7)] == pytest.approx(rates)
    with pytest.raises(ValueError, match="from 0 to 6, found 7"):
        cosine(7, 7)


def test_epochs_past_the_run_are_refused():
    with pytest.raises(ValueError, match="epoch 5, warmup_epochs 1, max_epochs 5"):
        warmup_cosine(5, 1, 5)
    with pytest.raises(ValueError, match="warmup_epochs -1"):
        warmup_cosine(0, -1, 5)
    with pytest.raises(ValueError, match="steps_per_epoch"):
        cosine_per_epoch(0, 0)
