"""DenseCL's loss and queue against a slow float64 reading of the paper."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from lovt_bench.submissions.densecl.objective import Encoded, densecl_loss
from lovt_bench.submissions.densecl.queue import KeyQueue


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / math.sqrt(float((vector * vector).sum()))


def slow_term(query: np.ndarray, key: np.ndarray, negatives: np.ndarray, temperature: float) -> float:
    positive = float(unit(query) @ unit(key)) / temperature
    others = [float(unit(query) @ negative) / temperature for negative in negatives]
    return math.log(math.exp(positive) + sum(map(math.exp, others))) - positive


def slow_loss(
    queries: list[np.ndarray],
    keys: list[np.ndarray],
    queues: list[np.ndarray],
    temperature: float,
    share: float,
) -> float:
    """Three arrays of each side: features (B, N, C), whole (B, d), places (B, N, d)."""
    batch, places = queries[0].shape[:2]
    whole = [slow_term(queries[1][b], keys[1][b], queues[0], temperature) for b in range(batch)]
    dense = []
    for b in range(batch):
        for i in range(places):
            likeness = [float(unit(queries[0][b, i]) @ unit(keys[0][b, j])) for j in range(places)]
            match = likeness.index(max(likeness))
            dense.append(slow_term(queries[2][b, i], keys[2][b, match], queues[1], temperature))
    return (1 - share) * sum(whole) / len(whole) + share * sum(dense) / len(dense)


def drawn(
    seed: int, batch: int = 3, places: int = 4
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    shapes = [(batch, places, 6), (batch, 5), (batch, places, 5)]
    sides = [[rng.normal(size=shape) for shape in shapes] for _ in range(2)]
    queues = [np.stack([unit(row) for row in rng.normal(size=(7, 5))]) for _ in range(2)]
    return sides[0], sides[1], queues


def torch_of(arrays: list[np.ndarray], dtype: torch.dtype = torch.float64) -> list[Tensor]:
    return [torch.from_numpy(array).to(dtype) for array in arrays]


@pytest.mark.parametrize(("share", "temperature"), [(0.5, 0.2), (0.0, 0.07), (1.0, 1.0)])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_it_is_the_formula(share: float, temperature: float, dtype: torch.dtype, tolerance: float) -> None:
    queries, keys, queues = drawn(1)
    got, new = densecl_loss(
        Encoded(*torch_of(queries, dtype)),
        Encoded(*torch_of(keys, dtype)),
        *torch_of(queues, dtype),
        temperature=temperature,
        dense_weight=share,
    )
    assert got.item() == pytest.approx(slow_loss(queries, keys, queues, temperature, share), rel=tolerance)
    for b in range(3):
        assert new.whole[b].numpy() == pytest.approx(unit(keys[1][b]), rel=tolerance)
        assert new.dense[b].numpy() == pytest.approx(unit(keys[2][b].mean(0)), rel=tolerance)


def test_gradients_are_the_formulas_and_keys_get_none() -> None:
    queries, keys, queues = drawn(2)
    inputs: list[Any] = [tensor.requires_grad_() for tensor in torch_of(queries)]
    others = [tensor.requires_grad_() for tensor in torch_of(keys)]
    loss, _ = densecl_loss(Encoded(*inputs), Encoded(*others), *torch_of(queues))
    loss.backward()
    assert all(tensor.grad is None for tensor in (inputs[0], *others)), "features only choose the pairs"
    step = 1e-6
    for part, index in ((1, (0, 2)), (1, (2, 4)), (2, (0, 1, 3)), (2, (2, 3, 0))):
        moved = [array.copy() for array in queries]
        moved[part][index] += step
        slope = (slow_loss(moved, keys, queues, 0.2, 0.5) - slow_loss(queries, keys, queues, 0.2, 0.5)) / step
        assert inputs[part].grad[index].item() == pytest.approx(slope, rel=1e-4, abs=1e-7)


def test_half_precision_is_computed_in_single() -> None:
    queries, keys, queues = drawn(3)
    first, second = (Encoded(*torch_of(side, torch.float32)) for side in (queries, keys))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got, new = densecl_loss(first, second, *torch_of(queues, torch.float32))
    assert got.dtype == new.dense.dtype == torch.float32
    assert got.item() == pytest.approx(slow_loss(queries, keys, queues, 0.2, 0.5), rel=1e-5)


def test_a_queue_forgets_the_oldest_whatever_the_batch() -> None:
    queue = KeyQueue(5, 1)
    kept = queue.keys.flatten().tolist()
    for first, count in ((10, 2), (20, 3), (30, 4), (40, 1), (50, 7)):
        new = [float(first + i) for i in range(count)]
        queue.add(torch.tensor(new)[:, None])
        kept = [*kept, *new][-5:]
        place = int(queue.place)
        stored = queue.keys.flatten().tolist()
        assert [*stored[place:], *stored[:place]] == kept, f"after {count} keys"


def test_a_new_queue_holds_directions() -> None:
    keys = KeyQueue(200, 8).keys
    assert keys.norm(dim=1).tolist() == pytest.approx([1.0] * 200)
    assert float(keys.mean(0).norm()) < 0.3
    assert set(KeyQueue(4, 2).state_dict()) == {"keys", "place"}, "a run that goes on finds both"
