"""What lies on a GPU: never more than the training leaves, all arrays of a task together."""

from __future__ import annotations

import dataclasses
import logging
import tracemalloc

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.contract.dataset import PixelStatistics
from lovt_bench.benchmark.engine import residence as room
from lovt_bench.benchmark.engine import rows as rows_room
from lovt_bench.benchmark.engine.inputs import CachedFeatures, Images
from lovt_bench.benchmark.engine.loaders import SplitData
from lovt_bench.benchmark.engine.residence import Card, Residence, budget, fitting
from lovt_bench.benchmark.engine.rows import RowTensor
from lovt_bench.benchmark.engine.targets import MaskTargets

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
GIB = 2**30
STEP = Card(total=80 * GIB, free=58 * GIB, reserved=20 * GIB, allocated=GIB, peak=17 * GIB)
"""An 80 GB card after an epoch of a step that needs 17 GiB."""


def test_all_arrays_together_leave_room_for_the_step():
    left = budget(STEP)
    assert left + STEP.allocated + (STEP.peak - STEP.allocated) <= STEP.free + STEP.reserved
    assert 50 * GIB < left < 60 * GIB


def test_blocks_that_torch_keeps_count_as_free():
    cached = dataclasses.replace(STEP, free=8 * GIB, reserved=70 * GIB)
    assert budget(cached) == budget(STEP)


def test_workers_that_share_a_card_divide_it():
    two = budget(STEP, sharers=2)
    assert 2 * (two + STEP.peak) <= STEP.total
    assert budget(STEP, sharers=8) == 0


@pytest.mark.parametrize("total", [8, 11, 16, 24, 32, 40, 48])
def test_a_card_that_the_step_nearly_fills_keeps_its_room_for_the_step(total):
    """The published U-Net reads 52.4 GiB: 40 % of what is free for each array left 3.5 GiB for a step of 17."""
    sizes = [size * GIB for size in (22.0, 11.0, 5.5, 2.8, 6.0, 3.0, 1.5, 0.6)]
    step = min(17.0, 0.9 * total) * GIB
    card = Card(int(total * GIB), int(total * GIB - step), int(step), 0, int(step))
    taken = sum(sizes[position] for position in fitting([int(size) for size in sizes], budget(card)))
    assert card.total - taken >= step


def test_of_several_arrays_those_that_come_first_are_taken_as_far_as_they_fit():
    assert fitting([5, 9, 3, 3], 10) == [0, 2]
    assert fitting([5, 3], 0) == []


@pytest.mark.parametrize("dtype", [np.float16, np.uint8, np.int64, np.float32])
def test_resident_rows_are_those_that_stream(dtype, monkeypatch):
    monkeypatch.setattr(rows_room, "_CHUNK", 100)
    array = np.random.default_rng(0).integers(0, 100, (23, 3, 5)).astype(dtype)
    rows, indices = RowTensor(array, CPU), torch.tensor([22, 0, 7, 7])
    streamed = rows[indices]
    rows.make_resident()
    assert rows.resident
    assert rows[indices].dtype == streamed.dtype
    assert torch.equal(rows[indices], streamed)
    rows.stream()
    assert not rows.resident
    assert torch.equal(rows[indices], streamed)


def test_an_array_is_copied_to_the_device_without_a_second_copy_on_the_host(tmp_path):
    np.save(tmp_path / "array.npy", np.zeros((1024, 1 << 18), np.uint8))
    rows = RowTensor(np.load(tmp_path / "array.npy", mmap_mode="r"), CPU)
    tracemalloc.start()  # sees numpy's memory, not torch's
    try:
        rows.make_resident()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < rows.array.nbytes / 1.5


def splits() -> dict[str, SplitData]:
    made = {}
    for name, size in (("train", 40), ("validation", 20), ("test", 10)):
        levels = {8: np.zeros((size, 8, 4, 4), np.float16), 16: np.zeros((size, 16, 2, 2), np.float16)}
        images = Images(np.zeros((size, 32, 32), np.uint8), PixelStatistics(mean=0.5, std=0.2), CPU)
        masks = MaskTargets(np.zeros((size, 1, 128), np.uint8), 32, CPU)
        made[name] = SplitData(size, CachedFeatures(levels, images, CPU), masks)
    return made


def resident(made: dict[str, SplitData]) -> int:
    return sum(rows.array.nbytes for split in made.values() for rows in split.rows if rows.resident)


@pytest.fixture
def card(monkeypatch):
    """Give the card room for so many bytes."""

    def of(bytes_: int) -> None:
        monkeypatch.setattr(Card, "of", classmethod(lambda cls, device: cls(10**9, bytes_, 0, 0, 0)))

    return of


def test_a_task_takes_one_budget_and_says_what_is_where(card, caplog):
    made = splits()
    whole = sum(rows.array.nbytes for split in made.values() for rows in split.rows)
    card(whole // 2)
    with caplog.at_level(logging.INFO):
        Residence(CUDA).settle(made)
    assert 0 < resident(made) <= whole // 2
    (line,) = caplog.messages
    assert "cuda:0: resident train images" in line
    assert "streamed" in line
    assert "test images" in line.partition("streamed")[2]


def test_later_epochs_and_later_runs_of_the_same_arrays_change_nothing(card):
    made, residence = splits(), Residence(CUDA)
    card(50_000)
    residence.settle(made)
    before = resident(made)
    card(10**9)
    residence.settle(made)
    assert resident(made) == before


def test_an_array_for_which_there_is_no_room_after_all_streams(card, monkeypatch, caplog):
    made, plain = splits(), RowTensor.make_resident

    def full(self):
        if self.name != "images":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        plain(self)

    monkeypatch.setattr(RowTensor, "make_resident", full)
    card(10**9)
    Residence(CUDA).settle(made)
    assert [rows.name for rows in made["train"].rows if rows.resident] == ["images"]
    assert "no room for" in caplog.text


def test_after_giving_up_everything_streams_for_good(card):
    made, residence = splits(), Residence(CUDA)
    card(10**9)
    residence.settle(made)
    assert resident(made)
    assert residence.give_up()
    assert not resident(made)
    others = splits()
    residence.settle(others)
    assert not resident(others)
    assert not residence.give_up(), "there is nothing left to free"


def test_on_a_cpu_nothing_is_resident():
    made = splits()
    Residence(CPU).settle(made)
    assert not resident(made)


def test_the_share_of_a_worker_is_told_by_its_environment(card, monkeypatch):
    made, seen = splits(), []

    def nothing(card, sharers):
        seen.append(sharers)
        return 0

    monkeypatch.setattr(room, "budget", nothing)
    card(10**9)
    monkeypatch.setenv("LOVT_BENCH_GPU_SHARERS", "3")
    Residence(CUDA).settle(made)
    assert seen == [3]
