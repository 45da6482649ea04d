"""What every executor promises, on jobs that take milliseconds. Ray is in test_ray.py: starting it takes seconds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import psutil
import pytest

from lovt_bench.benchmark.disk.lock import hold
from lovt_bench.benchmark.executor.job import Executor, JobEnd, Work
from lovt_bench.benchmark.executor.local import LocalExecutor
from lovt_bench.benchmark.executor.process import ProcessExecutor
from lovt_bench.benchmark.executor.watchdog import EXIT_CODE
from tests.benchmark.executor.log import Log
from tests.benchmark.executor.toys import ENTRY, times, toy, work

WORK = Work(work, ENTRY)
EXECUTORS: dict[str, Callable[..., Executor]] = {
    "process": ProcessExecutor,
    "local": partial(LocalExecutor, [{"OMP_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "1"}]),
}


@pytest.fixture(params=EXECUTORS)
def executor(request):
    return EXECUTORS[request.param]()


def run(executor, folder, jobs, **log):
    watcher = Log(**log)
    executor.run(jobs, WORK, folder / "claims", watcher)
    return watcher


def test_every_job_is_done_once_after_those_that_it_waits_for(executor, tmp_path):
    jobs = [
        toy(tmp_path, "last", after=("a", "b"), needs=["a", "b"]),
        toy(tmp_path, "a", after=("first",), needs=["first"]),
        toy(tmp_path, "b", after=("first", "recorded-earlier"), needs=["first"]),
        toy(tmp_path, "first", seconds=0.1),
    ]
    log = run(executor, tmp_path, jobs)
    assert {end.status for end in log.ends.values()} == {"done"}
    assert [times(tmp_path, job.id) for job in jobs] == [1, 1, 1, 1]
    assert sorted(name for name, event in log.events if "finished" in event) == ["a", "b", "first", "last"]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"refuse": "too few"}, "too few"),
        ({"bug": "too few"}, "ZeroDivisionError: too few"),
        ({"full": "/w/file"}, "toy bad: /w/file: the disk is full. What was finished before is kept."),
    ],
    ids=["refusal", "bug", "full disk"],
)
def test_a_job_that_fails_takes_those_that_wait_for_it_and_no_others(executor, tmp_path, what, said):
    jobs = [
        toy(tmp_path, "bad", **what),
        toy(tmp_path, "waits", after=("bad",)),
        toy(tmp_path, "waits-more", after=("waits",)),
        toy(tmp_path, "other"),
    ]
    log = run(executor, tmp_path, jobs)
    assert [log.ends[job.id].status for job in jobs] == ["failed", "failed", "failed", "done"]
    assert log.ends["waits-more"].reason == log.ends["bad"].reason
    assert said in log.ends["bad"].reason
    assert not times(tmp_path, "waits")


def test_a_workspace_that_cannot_hold_claims_is_said_before_any_job(executor, tmp_path):
    (tmp_path / "claims").write_text("no folder")
    with pytest.raises(OSError, match=str(tmp_path / "claims")):
        run(executor, tmp_path, [toy(tmp_path, "a")])
    assert not times(tmp_path, "a")
    assert not run(executor, tmp_path, []).ends, "where nothing is to be done, nothing is written"


def test_locks_that_killed_workers_left_are_removed_and_those_of_living_ones_stay(executor, tmp_path):
    claims = tmp_path / "claims"
    claims.mkdir()
    (claims / "left.lock").touch()
    with hold(claims / "held.lock"):
        run(executor, tmp_path, [toy(tmp_path, "a")])
        assert [path.name for path in claims.iterdir()] == ["held.lock"]


def test_a_job_that_is_not_admitted_is_skipped_with_those_that_wait_for_it(executor, tmp_path):
    jobs = [toy(tmp_path, "a"), toy(tmp_path, "b", after=("a",)), toy(tmp_path, "c")]
    log = run(executor, tmp_path, jobs, refused=["a"])
    assert log.ends == {"a": JobEnd("skipped"), "b": JobEnd("skipped"), "c": JobEnd("done")}


def test_a_second_call_finds_everything_done(executor, tmp_path):
    jobs = [toy(tmp_path, f"job-{i}") for i in range(3)]
    run(executor, tmp_path, jobs)
    run(executor, tmp_path, jobs)
    assert [times(tmp_path, job.id) for job in jobs] == [1, 1, 1]
    assert not list((tmp_path / "claims").iterdir()), "claims do not pile up"


def test_workers_are_other_processes_with_the_threads_that_they_were_given(tmp_path):
    jobs = [toy(tmp_path, f"job-{i}", seconds=0.3) for i in range(4)]
    log = run(EXECUTORS["local"](), tmp_path, jobs)
    begun = [event for _, event in log.events if "pid" in event]
    assert len({event["pid"] for event in begun} - {os.getpid()}) == 2
    assert {event["threads"] for event in begun} == {"1"}


def test_a_worker_that_dies_costs_its_job_one_more_attempt(tmp_path):
    jobs = [toy(tmp_path, "mortal", die=2), *(toy(tmp_path, f"job-{i}") for i in range(3))]
    log = run(EXECUTORS["local"](), tmp_path, jobs)
    assert {end.status for end in log.ends.values()} == {"done"}
    assert log.lost == [("mortal", "killed by SIGKILL (out of memory?)")] * 2
    assert [times(tmp_path, job.id) for job in jobs] == [1, 1, 1, 1]


def test_a_job_that_always_kills_its_worker_is_given_up(tmp_path):
    jobs = [toy(tmp_path, "deadly", die=99), toy(tmp_path, "fine")]
    log = run(EXECUTORS["local"](), tmp_path, jobs)
    assert log.ends["fine"].status == "done"
    assert log.ends["deadly"].status == "failed"
    assert "lost 3 times, last killed by SIGKILL" in log.ends["deadly"].reason


def test_a_broken_gpu_costs_a_process_and_no_job(tmp_path):
    """After such an error every call of the process fails, whatever it is asked: it must not take the next job."""
    jobs = [toy(tmp_path, "breaks", breaks=True), *(toy(tmp_path, f"job-{i}") for i in range(5))]
    log = run(LocalExecutor([{}]), tmp_path, jobs)
    assert {end.status for end in log.ends.values()} == {"done"}
    assert [times(tmp_path, job.id) for job in jobs] == [1] * 6
    assert log.lost == [("breaks", "its GPU failed (CUDA error: device-side assert triggered)")]


def test_a_broken_gpu_stops_this_process_and_the_same_command_goes_on(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.benchmark.executor.test_contract import EXECUTORS, run, toy\n"
        "folder = Path(sys.argv[1])\n"
        "run(EXECUTORS['process'](), folder, [toy(folder, 'a'), toy(folder, 'b', breaks=True), toy(folder, 'c')])\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    stopped = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "BrokenProcessError: toy b: its GPU failed (CUDA error: device-side assert" in stopped.stderr
    assert [times(tmp_path, name) for name in "abc"] == [1, 0, 0]
    subprocess.run(command, check=True)
    assert [times(tmp_path, name) for name in "abc"] == [1, 1, 1]


@pytest.mark.slow
def test_a_frozen_worker_is_replaced_and_one_that_is_slow_but_reports_is_left_alone(tmp_path):
    jobs = [toy(tmp_path, "frozen", freeze=True), toy(tmp_path, "slow", ticks=40)]
    log = run(EXECUTORS["local"](stall_limit=3.0), tmp_path, jobs)
    assert {end.status for end in log.ends.values()} == {"done"}
    assert [times(tmp_path, job.id) for job in jobs] == [1, 1]
    ((name, reason),) = log.lost
    assert name == "frozen"
    assert "stalled: expected progress within --stall-limit, found none for 3 s" in reason
    assert all(event for _, event in log.events), "signs of life are no events for a watcher"


def test_a_hung_worker_shows_where_and_is_left_behind_if_even_a_kill_does_not_end_it(
    tmp_path, monkeypatch, capfd
):
    """As one that waits in the kernel for a disk or a driver. Here the signal that kills is not sent."""
    killed = []
    monkeypatch.setattr(
        "lovt_bench.benchmark.executor.local.os.killpg", lambda group, number: killed.append(group)
    )
    monkeypatch.setattr("lovt_bench.benchmark.executor.stall.GRACE", 0.5)
    jobs = [toy(tmp_path, "hung", stall=60), toy(tmp_path, "waits", after=("hung",)), toy(tmp_path, "b")]
    log = run(
        LocalExecutor([{}], stall_limit=4.0), tmp_path, jobs
    )  # less than a worker takes to start is no test
    assert log.ends["hung"].status == log.ends["waits"].status == "failed"
    assert "does not end even now, and was left behind" in log.ends["hung"].reason
    assert log.ends["b"] == JobEnd("done"), "its place is taken by another worker"
    assert 'toys.py", line' in capfd.readouterr().err
    assert len(killed) == 1


def test_this_process_ends_where_it_hangs_and_the_same_command_goes_on(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.benchmark.executor.test_contract import EXECUTORS, run, toy\n"
        "folder = Path(sys.argv[1])\n"
        "jobs = [toy(folder, 'first'), toy(folder, 'slow', ticks=15), toy(folder, 'hung', stall=60)]\n"
        "run(EXECUTORS['process'](stall_limit=1.0), folder, jobs)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    stopped = subprocess.run(command, capture_output=True, text=True, check=False)
    assert stopped.returncode == EXIT_CODE
    assert "toy hung: stalled: expected progress within --stall-limit, found none for 1 s" in stopped.stderr
    assert "The same command goes on" in stopped.stderr
    assert 'toys.py", line' in stopped.stderr, "where it hung"
    subprocess.run(command, check=True)
    assert [times(tmp_path, name) for name in ("first", "slow", "hung")] == [1, 1, 1]


def test_the_costliest_chain_begins_first(tmp_path):
    jobs = [
        toy(tmp_path, "short", cost=1),
        toy(tmp_path, "long", cost=5),
        toy(tmp_path, "head", cost=2),
        toy(tmp_path, "tail", after=("head",), cost=4),
    ]
    log = run(LocalExecutor([{}]), tmp_path, jobs)
    assert log.order == ["head", "long", "tail", "short"]


def test_ctrl_c_stops_the_workers(tmp_path):
    class Interrupts(Log):
        def event(self, job, event):
            self.pid = event["pid"]
            raise KeyboardInterrupt

    watcher = Interrupts()
    with pytest.raises(KeyboardInterrupt):
        EXECUTORS["local"]().run([toy(tmp_path, "slow", seconds=60)], WORK, tmp_path / "claims", watcher)
    with pytest.raises(ProcessLookupError):
        os.kill(watcher.pid, 0)


@pytest.mark.parametrize("name", EXECUTORS)
def test_two_harness_processes_do_every_job_once_and_both_end_when_all_is_done(name, tmp_path):
    """The second plans the same jobs in the same order: it waits for what the first is at, and repeats nothing."""
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.benchmark.executor.test_contract import EXECUTORS, run, toy\n"
        "folder = Path(sys.argv[2])\n"
        "jobs = [toy(folder, f'job-{i}', seconds=0.05, after=(f'job-{i - 4}',)) for i in range(12)]\n"
        "log = run(EXECUTORS[sys.argv[1]](), folder, jobs)\n"
        "assert all((folder / job.id).exists() for job in jobs) and len(log.ends) == 12\n"
    )
    command = [sys.executable, "-c", code, name, str(tmp_path)]
    harnesses = [subprocess.Popen(command) for _ in range(2)]
    assert [harness.wait(60) for harness in harnesses] == [0, 0]
    assert [times(tmp_path, f"job-{i}") for i in range(12)] == [1] * 12


@pytest.mark.parametrize("what", ["stall=60", "freeze=True"], ids=["at work", "frozen"])
def test_workers_end_with_their_driver_even_if_that_is_killed(what, tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.benchmark.executor.test_contract import EXECUTORS, run, toy\n"
        "folder = Path(sys.argv[1])\n"
        f"run(EXECUTORS['local'](), folder, [toy(folder, 'slow', {what})])\n"
    )
    driver = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    while not (tmp_path / "slow.stalled").exists():
        time.sleep(0.02)
    workers = psutil.Process(driver.pid).children()
    driver.kill()
    driver.wait()
    assert workers
    assert psutil.wait_procs(workers, timeout=20)[1] == []
