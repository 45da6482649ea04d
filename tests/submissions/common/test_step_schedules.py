"""Rates of every step against the arithmetic of fractional epochs, and against a list of values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lovt_bench.submissions.common.learning_rate import relative_rate
from lovt_bench.submissions.common.settings import TrainingSettings
from lovt_bench.submissions.common.step_schedules import cosine_between, steps_before, warmup_cosine_by_step


def by_fractional_epoch(epoch: float, warmup: int, epochs: int, final: float) -> float:
    if epoch < warmup:
        return epoch / warmup
    return final + (1 - final) / 2 * (1 + math.cos(math.pi * (epoch - warmup) / (epochs - warmup)))


@pytest.mark.parametrize(("warmup", "epochs", "final"), [(0, 4, 0.0), (2, 5, 0.0), (1, 3, 0.01), (9, 4, 0.0)])
def test_a_step_is_a_part_of_an_epoch(warmup: int, epochs: int, final: float):
    settings = TrainingSettings(
        schedule="warmup_cosine", rate_every="step", warmup_epochs=warmup, max_epochs=epochs, accumulate=2,
        learning_rate=1e-2, final_rate=final * 1e-2,
    )  # fmt: skip
    steps = 4  # seven batches, two at a time
    for step in range(epochs * steps):
        expected = by_fractional_epoch(step / steps, warmup, epochs, final)
        assert relative_rate(settings, step, step // steps, 7) == pytest.approx(expected, abs=1e-12)


def test_a_run_that_goes_on_with_larger_steps_stays_where_it_was_on_its_schedule():
    assert [steps_before(1, batch, 7, 2) for batch in range(7)] == [4, 4, 5, 5, 6, 6, 7]
    assert steps_before(1, 0, 7, 2) / steps_before(3, 0, 7, 2) == steps_before(1, 0, 7, 7) / steps_before(
        3, 0, 7, 7
    )


def test_half_a_cosine_from_start_to_end():
    found = [cosine_between(0.04, 0.4, step / 10) for step in range(11)]
    places = np.arange(11)
    np.testing.assert_allclose(found, 0.22 - 0.18 * np.cos(np.pi * places / 10), atol=1e-12)
    assert cosine_between(0.996, 1.0, 1.5) == 1.0


def test_steps_past_the_run_are_refused():
    with pytest.raises(ValueError, match="from 0 to below 5"):
        warmup_cosine_by_step(5, 1, 5)
    with pytest.raises(ValueError, match="-1"):
        warmup_cosine_by_step(0, -1, 5)
