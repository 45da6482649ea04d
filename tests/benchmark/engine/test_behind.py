"""Work behind a GPU keeps its order, ends before the block does, and its errors are not lost."""

import time

import pytest

from lovt_bench.benchmark.engine.behind import Behind


def test_calls_are_done_in_order_when_the_block_ends():
    done = []

    def slow(number):
        time.sleep(0.01 if number % 2 else 0)
        done.append(number)

    with Behind() as behind:
        for number in range(9):
            behind.call(slow, number)
    assert done == list(range(9))


def fail() -> None:
    raise ZeroDivisionError


def call_often(calls: int) -> None:
    with Behind() as behind:
        for _ in range(calls):
            behind.call(fail)


@pytest.mark.parametrize("calls", [1, 5])
def test_an_error_behind_is_raised_in_front(calls):
    with pytest.raises(ZeroDivisionError):
        call_often(calls)
