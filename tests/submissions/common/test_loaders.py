"""Loader processes: as many as cores and shared memory allow, whatever trains beside."""

from __future__ import annotations

import pytest
import torch

from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.loaders import batch_bytes, fitting, wanted

MIB = 1 << 20


@pytest.mark.parametrize(
    ("asked", "samples", "ranks", "cores", "on_gpu", "processes"),
    [
        (None, 100_000, 1, 16, True, 15),
        (None, 100_000, 1, 128, True, 20),
        (None, 100_000, 4, 16, True, 3),
        (None, 100_000, 8, 128, True, 2),
        (None, 100_000, 4, 4, True, 0),
        (None, 1999, 1, 16, True, 0),
        (None, 100_000, 1, 16, False, 0),
        (3, 100, 4, 2, False, 3),
    ],
)
def test_ranks_share_the_cores(
    asked: int | None, samples: int, ranks: int, cores: int, on_gpu: bool, processes: int
) -> None:
    assert wanted(asked, samples, ranks, cores, on_gpu=on_gpu) == processes


def test_batches_that_wait_fit_into_shared_memory() -> None:
    """SimCLR's default: 51 MB a batch, twenty processes of both loaders with two batches each."""
    batch = 51_000_000
    assert fitting(20, batch, 2, 1, 1 << 30, asked=False) == 5
    assert fitting(20, batch, 2, 1, 8 << 30, asked=False) == 20
    assert fitting(20, batch, 2, 4, 1 << 30, asked=False) == 1
    assert fitting(20, batch, 2, 1, 64 * MIB, asked=False) == 0
    assert fitting(20, batch, 2, 1, None, asked=False) == 20
    with pytest.raises(
        SettingsError, match=r"20 loader processes need 3,891 MiB .* 1,024 are free; --workers 5"
    ):
        fitting(20, batch, 2, 1, 1 << 30, asked=True)


def test_all_tensors_of_a_batch_count() -> None:
    batch = {"views": (torch.zeros(4, 3, 8, 8), torch.zeros(4, dtype=torch.uint8)), "text": ["a"] * 4}
    assert batch_bytes(batch) == 4 * 3 * 8 * 8 * 4 + 4
