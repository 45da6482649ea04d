"""Two ranks (gloo) of DenseCL give the loss, the gradients and the queues of one process with both batches."""

from __future__ import annotations

import os
import socket
from itertools import combinations
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch import multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel

from lovt_bench.submissions.densecl.objective import Encoded, densecl_loss
from lovt_bench.submissions.densecl.queue import KeyQueue
from lovt_bench.submissions.densecl.shuffle import in_mixed_batches

RANKS, ROWS, PLACES, CHANNELS, STEPS = 2, 3, 4, 6, 3


class Encoder(nn.Module):
    """Linear features and heads, drawn alike in every process; no batch statistics."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.features, self.whole, self.places = (nn.Linear(CHANNELS, n) for n in (8, 5, 5))

    def forward(self, images: Tensor) -> Encoded:
        features = self.features(images)
        return Encoded(features, self.whole(images.mean(1)), self.places(images))


class Norm(nn.Module):
    """Keys by batch statistics: what a rank sees of others shows in them."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(CHANNELS)

    def forward(self, images: Tensor) -> tuple[Tensor]:
        return (self.norm(images.mean(1)),)


def images(step: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(step)
    drawn = torch.randn(2, RANKS * ROWS, PLACES, CHANNELS, generator=generator)
    return drawn[0], drawn[1]


def steps(network: nn.Module, part: slice) -> dict[str, Tensor]:
    """Take all steps on a part of each batch: mean loss, gradients, both queues."""
    target = Encoder(2)
    torch.manual_seed(3)
    queues = KeyQueue(8, 5), KeyQueue(8, 5)
    losses = []
    for step in range(STEPS):
        first, second = (views[part] for views in images(step))
        keys = Encoded(*in_mixed_batches(target, second, step))
        loss, new = densecl_loss(network(first), keys, *(queue.keys.clone() for queue in queues))
        loss.backward()
        losses.append(loss.detach())
        for queue, rows in zip(queues, new, strict=True):
            queue.add(rows)
    found = {f"gradient {at}": p.grad for at, p in enumerate(network.parameters()) if p.grad is not None}
    return {**found, "loss": torch.stack(losses), "whole": queues[0].keys, "dense": queues[1].keys}


def work(place: int, port: int, folder: str) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=place, world_size=RANKS)
    part = slice(place * ROWS, (place + 1) * ROWS)
    found = steps(DistributedDataParallel(Encoder(1), find_unused_parameters=True), part)
    found["mixed"] = in_mixed_batches(Norm(), images(0)[0][part], 0)[0]
    torch.save(found, Path(folder) / f"{place}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Tensor]]:
    folder = tmp_path_factory.mktemp("ranks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(work, args=(port, str(folder)), nprocs=RANKS)
    return [torch.load(folder / f"{place}.pt", weights_only=True) for place in range(RANKS)]


def test_two_ranks_are_one_process_with_both_batches(ranks: list[dict[str, Tensor]]) -> None:
    whole = steps(Encoder(1), slice(None))
    torch.testing.assert_close((ranks[0]["loss"] + ranks[1]["loss"]) / 2, whole.pop("loss"))
    assert {"whole", "dense", "gradient 2"} < whole.keys()
    for one in ranks:
        for name, expected in whole.items():
            torch.testing.assert_close(one[name], expected, rtol=1e-5, atol=1e-6, msg=name)


def test_keys_are_computed_beside_images_of_other_ranks_and_come_back_in_order(
    ranks: list[dict[str, Tensor]],
) -> None:
    got = torch.cat([one["mixed"] for one in ranks])
    every = images(0)[0].mean(1)
    apart = torch.cat([Norm()(images(0)[0][at : at + ROWS])[0] for at in (0, ROWS)])
    assert not torch.allclose(got, apart, atol=1e-3), "each rank by itself"

    def normed(rows: list[int]) -> Tensor:
        return (every[rows] - every[rows].mean(0)) / (every[rows].var(0, correction=0) + 1e-5).sqrt()

    def explains(rows: tuple[int, ...]) -> bool:
        others = [row for row in range(RANKS * ROWS) if row not in rows]
        return all(torch.allclose(got[list(part)], normed(list(part)), atol=1e-5) for part in (rows, others))

    assert any(explains(rows) for rows in combinations(range(RANKS * ROWS), ROWS))
