"""Two processes (gloo) give the loss and the gradients of one."""

from __future__ import annotations

import os
import socket
from itertools import product
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch import multiprocessing as mp
from torch.nn.parallel import DistributedDataParallel

from lovt_bench.submissions.common.distributed import (
    gather_padded,
    gather_with_gradient,
    rank,
    world_size,
)
from lovt_bench.submissions.common.lightly_parts import loss as lightly_loss
from lovt_bench.submissions.common.losses.global_alignment import global_alignment
from lovt_bench.submissions.gloria.local_contrast import Sharpness, local_contrast
from lovt_bench.submissions.mgca.prototypes import Prototypes

RANKS, ROWS, CHANNELS = 2, 3, 8
WEIGHTS = (0.75, 0.25)


class Pair(nn.Module):
    """Two linear encoders, drawn alike in every process."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.image, self.report = nn.Linear(CHANNELS, 6), nn.Linear(CHANNELS, 6)

    def forward(self, images: Tensor, reports: Tensor) -> tuple[Tensor, Tensor]:
        return self.image(images), self.report(reports)


def data() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(6)
    return tuple(torch.randn(RANKS * ROWS, CHANNELS, generator=generator) for _ in range(2))  # type: ignore[return-value]


def global_loss(images: Tensor, reports: Tensor, gather: bool) -> Tensor:
    if not gather:
        return global_alignment(images, reports, 0.1).total(*WEIGHTS)
    return global_alignment(
        images,
        reports,
        0.1,
        all_images=gather_with_gradient(images),
        all_reports=gather_with_gradient(reports),
        first=rank() * len(images),
    ).total(*WEIGHTS)


def local_loss(images: Tensor, reports: Tensor, gather: bool) -> Tensor:
    """GLoRIA's: three regions, and one to three words; the first rank's texts are shorter."""
    regions, words = images.unflatten(1, (3, 2)), reports.unflatten(1, (3, 2))
    place = rank() * ROWS
    counts = torch.tensor([1, 2, 2, 3, 1, 2])[place : place + len(words)]
    longest = int(counts.max())
    words, mask = words[:, :longest], torch.arange(longest) < counts[:, None]
    if not gather:
        return torch.stack([*local_contrast(regions, words, mask, Sharpness())]).sum()
    found = local_contrast(
        regions,
        words,
        mask,
        Sharpness(),
        all_regions=gather_with_gradient(regions),
        all_words=gather_padded(words, mask),
        first=place,
    )
    return torch.stack([*found]).sum()


def prototype_loss(images: Tensor, reports: Tensor, gather: bool) -> Tensor:
    """MGCA's: codes of all samples together."""
    torch.manual_seed(7)
    loss: Tensor = Prototypes(6, 4)(images, reports, gather=gather)
    return loss


LOSSES = {"global": global_loss, "local": local_loss, "prototypes": prototype_loss}


def distilled(images: Tensor, teacher: nn.Linear) -> tuple[Tensor, Tensor]:
    """Return DINO's loss and centre of a second step on the same rows; the first one has moved the centre."""
    criterion = lightly_loss.DINOLoss(6, center_momentum=0.5)
    views = [images, images.flip(1)]
    with torch.no_grad():
        criterion([teacher(view) for view in views], [teacher(view) for view in views])
        value = criterion([teacher(view) for view in views], [teacher(-view) for view in views])
    return value, criterion.center


def gradients(module: nn.Module) -> list[Tensor]:
    return [parameter.grad.clone() for parameter in module.parameters() if parameter.grad is not None]


def work(place: int, port: int, folder: str) -> None:
    """One rank: a step with and without gathering, its losses and gradients to a file."""
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=place, world_size=RANKS)
    found = {}
    for name, gather in product(LOSSES, (True, False)):
        pair = DistributedDataParallel(Pair())
        images, reports = (x[place * ROWS : (place + 1) * ROWS] for x in data())
        projected_images, projected_reports = pair(images, reports)
        loss = LOSSES[name](projected_images, projected_reports, gather)
        loss.backward()
        found[f"{name} {gather}"] = {
            "loss": loss.detach(),
            "gradients": gradients(pair),
            "world": torch.tensor(world_size()),
        }
    value, centre = distilled(data()[0][place * ROWS : (place + 1) * ROWS], Pair().image)
    found["distilled"] = {"loss": value, "centre": centre}
    torch.save(found, Path(folder) / f"{place}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict]:
    folder = tmp_path_factory.mktemp("ranks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(work, args=(port, str(folder)), nprocs=RANKS)
    return [torch.load(folder / f"{place}.pt", weights_only=True) for place in range(RANKS)]


@pytest.mark.parametrize("name", LOSSES)
def test_gathered_negatives_give_the_step_of_one_process_with_all_rows(name: str, ranks: list[dict]) -> None:
    pair = Pair()
    images, reports = pair(*data())
    loss = LOSSES[name](images, reports, False)
    loss.backward()
    found = [one[f"{name} True"] for one in ranks]
    assert [int(one["world"]) for one in found] == [RANKS, RANKS]
    torch.testing.assert_close(torch.stack([one["loss"] for one in found]).mean(), loss.detach())
    for one in found:
        for mine, expected in zip(one["gradients"], gradients(pair), strict=True):
            torch.testing.assert_close(mine, expected, rtol=1e-4, atol=1e-6)


def test_own_negatives_give_the_mean_of_two_batches(ranks: list[dict]) -> None:
    pair = Pair()
    images, reports = pair(*data())
    halves = [global_loss(images[at : at + ROWS], reports[at : at + ROWS], False) for at in (0, ROWS)]
    mean = torch.stack(halves).mean()
    mean.backward()
    for one, half in zip(ranks, halves, strict=True):
        torch.testing.assert_close(one["global False"]["loss"], half.detach())
        for mine, expected in zip(one["global False"]["gradients"], gradients(pair), strict=True):
            torch.testing.assert_close(mine, expected, rtol=1e-4, atol=1e-6)


def test_the_centre_of_a_teacher_is_that_of_one_process_with_all_rows(ranks: list[dict]) -> None:
    value, centre = distilled(data()[0], Pair().image)
    found = [one["distilled"] for one in ranks]
    assert float(centre.abs().max()) > 0.01
    for one in found:
        torch.testing.assert_close(one["centre"], centre)
    torch.testing.assert_close(torch.stack([one["loss"] for one in found]).mean(), value)


@pytest.mark.parametrize("name", LOSSES)
def test_more_negatives_are_another_loss(name: str, ranks: list[dict]) -> None:
    assert not torch.allclose(ranks[0][f"{name} True"]["loss"], ranks[0][f"{name} False"]["loss"])


def test_one_process_gathers_nothing() -> None:
    rows = torch.randn(2, 3)
    assert gather_with_gradient(rows) is rows
    assert gather_padded(rows, rows > 0)[0] is rows
