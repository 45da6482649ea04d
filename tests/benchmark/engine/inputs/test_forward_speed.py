"""Which forwards are timed: full batches behind the first, a few of them; the fastest counts."""

from __future__ import annotations

import time

import pytest
import torch

from lovt_bench.benchmark.backbone.model import BATCH
from lovt_bench.benchmark.backbone.platform import platform_of
from lovt_bench.benchmark.engine.inputs.forward_speed import TIMED, Stopwatch

CPU = torch.device("cpu")


def after(monkeypatch: pytest.MonkeyPatch, batches: list[tuple[int, float]]) -> Stopwatch:
    """Return a stopwatch after batches of so many images that took so many seconds of a clock of our own."""
    now = 0.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    watch = Stopwatch(CPU)
    for images, seconds in batches:

        def forward(seconds: float = seconds) -> str:
            nonlocal now
            now += seconds
            return "levels"

        assert watch.of(forward, images) == "levels"
    return watch


def test_the_fastest_full_batch_behind_the_first_counts(monkeypatch):
    """The first warms up, the last is not full: either could look faster than the network is."""
    found = after(monkeypatch, [(BATCH, 0.5), (BATCH, 4.0), (BATCH, 2.0), (BATCH, 8.0), (1, 0.1)]).result
    assert found is not None
    assert found.images_per_second == BATCH / 2
    assert found.is_of(platform_of(CPU))
    assert not found.is_of(platform_of(CPU).model_copy(update={"threads": 999}))


def test_a_few_images_tell_nothing(monkeypatch):
    assert after(monkeypatch, [(BATCH, 1.0), (BATCH - 1, 1.0)]).result is None


def test_later_batches_are_not_waited_for(monkeypatch):
    found = after(monkeypatch, [*[(BATCH, 2.0)] * (1 + TIMED), (BATCH, 0.01)]).result
    assert found is not None
    assert found.images_per_second == BATCH / 2
