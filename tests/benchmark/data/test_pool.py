"""The pool returns every result once, and says so when a worker dies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain

import pytest

from benchmark.data.errors import DataError
from benchmark.data.pool import INLINE, map_chunks


def doubled(chunk: Sequence[int]) -> list[int]:
    return [2 * number for number in chunk]


def die(chunk: Sequence[int]) -> None:
    os._exit(9)


def test_few_items_are_done_in_this_process() -> None:
    assert list(chain.from_iterable(map_chunks(doubled, range(20), workers=4))) == list(range(0, 40, 2))


@pytest.mark.slow
def test_many_items_come_back_once_each() -> None:
    results = list(map_chunks(doubled, range(INLINE + 1), workers=2))
    assert sorted(chain.from_iterable(results)) == list(range(0, 2 * INLINE + 2, 2))


@pytest.mark.slow
def test_a_dead_worker_is_an_error_with_advice() -> None:
    with pytest.raises(DataError, match="fewer --workers"):
        list(map_chunks(die, range(INLINE + 1), workers=2))
