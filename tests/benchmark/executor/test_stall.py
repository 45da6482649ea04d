"""When a job counts as stalled, on a clock of numbers."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.executor.job import Job
from lovt_bench.benchmark.executor.stall import GRACE, StallWatch

A, B = Job("a", "job a", ""), Job("b", "job b", "")
LIMIT = 100.0


def looks(watch: StallWatch, start: float, end: float, *running: Job) -> list[tuple[float, str, str]]:
    """Return what is decided, and when, by a driver that looks each second after `start` until `end`."""
    return [
        (now, job.id, verdict)
        for now in (start + second for second in range(1, int(end - start) + 1))
        for job, verdict in watch.look(now, running)
    ]


@pytest.fixture
def watch():
    watch = StallWatch(LIMIT)
    watch.look(0.0, [])
    watch.began(A)
    return watch


def test_a_silent_job_is_killed_once_and_left_behind_if_that_does_not_end_it(watch):
    assert looks(watch, 0, LIMIT + GRACE, A) == [(LIMIT, "a", "kill"), (LIMIT + GRACE, "a", "abandon")]
    assert "none for 100 s" in watch.ended(A)


def test_each_sign_of_life_gives_the_whole_limit_again(watch):
    for second in range(0, 1000, 99):
        assert looks(watch, second, second + 99, A) == []
        watch.heard(A)


def test_what_a_killed_worker_still_says_does_not_save_it(watch):
    looks(watch, 0, LIMIT, A)
    watch.heard(A)
    assert looks(watch, LIMIT, LIMIT + GRACE, A) == [(LIMIT + GRACE, "a", "abandon")]


def test_the_next_attempt_begins_anew(watch):
    looks(watch, 0, LIMIT, A)
    assert watch.ended(A)
    watch.began(A)
    assert looks(watch, LIMIT, 2 * LIMIT - 1, A) == []
    assert watch.ended(A) is None


def test_a_job_that_no_worker_has_yet_is_not_judged(watch):
    assert {name for _, name, _ in looks(watch, 0, 10 * LIMIT, A, B)} == {"a"}


def test_a_driver_that_was_asleep_hears_its_workers_before_it_judges(watch):
    """A suspended laptop, a paused container: the clock jumps by hours, in which nobody could have said anything."""
    looks(watch, 0, LIMIT / 2, A)
    assert watch.look(1e6, [A]) == []
    assert looks(watch, 1e6, 1e6 + 40, A) == []


def test_without_a_limit_nothing_is_watched():
    watch = StallWatch(None)
    watch.began(A)
    watch.heard(A)
    assert watch.pause is None
    assert looks(watch, 0, 1e5, A) == []


def test_the_driver_looks_often_enough(watch):
    assert watch.pause is not None
    assert watch.pause <= LIMIT / 10
    watch.ended(A)
    assert watch.pause is None, "nothing runs"
