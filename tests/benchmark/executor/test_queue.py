"""The bookkeeping of jobs, without running any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.benchmark.executor.job import Job
from lovt_bench.benchmark.executor.queue import JobQueue


def job(name: str, after: tuple[str, ...] = (), cost: float = 1.0) -> Job:
    return Job(name, name, "", cost, frozenset(after))


def test_a_circle_is_refused_at_once_and_not_waited_for():
    with pytest.raises(ValueError, match="wait for each other: a, b"):
        JobQueue([job("a", ("b",)), job("b", ("a",)), job("c")])


def test_a_job_that_is_held_elsewhere_is_asked_for_later_and_after_the_others():
    queue = JobQueue([job("held"), job("free")])
    first = queue.take(0.0)
    assert first is not None
    assert first.id == "held"
    queue.held(first, 0.0)
    assert queue.pause(0.0) == pytest.approx(0.2)
    second = queue.take(1.0)
    assert second is not None
    assert second.id == "free"
    assert queue.take(1.0) is first
    queue.held(first, 1.0)
    assert queue.pause(1.0) == pytest.approx(0.4), "the pause grows"
    assert queue.take(1.1) is None


@given(
    edges=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12),
    fates=st.lists(st.sampled_from(["done", "failed", "skipped", "lost", "held"]), min_size=1, max_size=40),
    order=st.sampled_from(["listed", "longest"]),
)
def test_every_job_ends_once_whatever_happens_and_none_before_those_it_waits_for(edges, fates, order):
    waits = {number: {low for low, high in edges if low < high == number} for number in range(8)}
    queue = JobQueue([job(str(n), tuple(map(str, waits[n])), cost=n) for n in range(8)], order)
    ended: dict[str, str] = {}
    now, step = 0.0, 0
    while queue.unfinished:
        now += 10.0
        taken = queue.take(now)
        assert taken is not None
        assert all(ended.get(other) == "done" for other in taken.after)
        fate = fates[step % len(fates)] if step < 100 else "done"
        step += 1
        if fate == "held":
            queue.held(taken, now)
            continue
        ends = (
            queue.lost(taken, "killed")
            if fate == "lost"
            else getattr(queue, fate)(*([taken, "why"] if fate == "failed" else [taken]))
        )
        for one, end in ends:
            assert one.id not in ended
            ended[one.id] = end.status
    assert len(ended) == 8
