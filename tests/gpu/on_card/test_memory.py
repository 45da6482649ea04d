"""A full card: what is resident makes room, and what cannot fit ends in one sentence."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.inputs import residence as residence_room
from lovt_bench.benchmark.engine.inputs.residence import Residence
from lovt_bench.benchmark.engine.inputs.rows import RowTensor
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.benchmark.engine.train import checkpoint
from lovt_bench.benchmark.executor.device_errors import full_memory
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import TINY, TinySource, narrow_heads, tiny_store

CUDA = torch.device("cuda", 0)
MIB = 2**20


def filled(left: int) -> torch.Tensor:
    """Return a tensor beside which so many bytes of the card are left."""
    torch.cuda.empty_cache()
    try:
        return torch.empty(torch.cuda.mem_get_info(CUDA)[0] - left, dtype=torch.uint8, device=CUDA)
    except RuntimeError as error:
        if full_memory(error) == "host":
            pytest.skip("the pretended card is larger than this machine's memory")
        raise


class Split:
    def __init__(self, *sizes: int) -> None:
        self.rows = [RowTensor(np.zeros((16, size // 16), np.uint8), CUDA, f"array {size}") for size in sizes]


@pytest.mark.parametrize("left", [150, 300, 600])
def test_a_step_has_its_memory_whatever_is_resident(left):
    ballast = filled(left * MIB)
    torch.cuda.reset_peak_memory_stats(CUDA)

    def step() -> None:
        for _ in range(4):
            torch.empty(25 * MIB, dtype=torch.uint8, device=CUDA)
        kept = [torch.empty(25 * MIB, dtype=torch.uint8, device=CUDA) for _ in range(4)]
        del kept

    step()
    splits = {"train": Split(*[64 * MIB] * 8)}
    Residence(CUDA).settle(splits)
    resident = sum(rows.resident for rows in splits["train"].rows)
    assert resident == {150: 0, 300: 2, 600: 7}[left]
    step()
    del ballast


@pytest.fixture
def evaluation(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "LEAST_SECONDS", 1e9)
    narrow_heads(monkeypatch)
    return Evaluation(
        source=TinySource(),
        specs=[load_task("rsna_frozen_1")],
        stores={"rsna": tiny_store(tmp_path, "rsna")},
        protocol=load_protocol("lovt-2022"),
        profile=TINY.model_copy(update={"max_runs": 1}),
        workspace=tmp_path,
        device=CUDA,
    )


def test_a_run_that_finds_the_card_full_is_made_again_streaming(evaluation, monkeypatch, caplog):
    """The card fills behind the budget's back, as when another process takes what it left."""
    others: list[torch.Tensor] = []
    settle, give_up = Residence.settle, Residence.give_up

    def settle_and_fill(self, splits):
        before = self._streams or bool(self._kept)
        settle(self, splits)
        if not before:
            others.append(filled(0))

    def free(self):
        others.clear()
        return give_up(self)

    monkeypatch.setattr(Residence, "settle", settle_and_fill)
    monkeypatch.setattr(Residence, "give_up", free)
    monkeypatch.setattr(residence_room, "budget", lambda card, sharers: 64 * MIB)
    with caplog.at_level(logging.INFO):
        (result,) = evaluate(evaluation)
    assert result.status == "done", result.reason
    assert "cuda:0: resident train" in caplog.text
    assert "is freed: the training is made again, streaming" in caplog.text
    (record,) = result.records
    assert record.epochs == 2


def test_a_task_that_cannot_fit_says_which_card_is_full_and_what_to_do(evaluation):
    ballast = filled(MIB // 4)
    (result,) = evaluate(evaluation)
    assert result.status == "failed"
    assert "the GPU is full: " in result.reason
    assert torch.cuda.get_device_name(CUDA) in result.reason
    assert "take one with more memory" in result.reason
    assert "--max-memory" not in result.reason
    del ballast
