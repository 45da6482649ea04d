"""What one worker may take of the machine, and which executor a wish means."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.executor.choose import choose_executor
from lovt_bench.benchmark.executor.job import Work
from lovt_bench.benchmark.executor.limits import (
    SHARERS_VARIABLE,
    default_workers,
    gpu_sharers,
    worker_environments,
    worker_threads,
)
from lovt_bench.benchmark.executor.local import LocalExecutor
from tests.benchmark.executor.log import Log
from tests.benchmark.executor.toys import ENTRY, toy, work


@pytest.mark.parametrize(
    ("cores", "gpus", "workers"), [(1, 0, 1), (2, 0, 2), (4, 0, 2), (32, 0, 8), (32, 4, 4), (2, 8, 8)]
)
def test_one_worker_per_gpu_or_per_four_cores(cores, gpus, workers):
    assert default_workers(cores, gpus) == workers


def test_threads_are_shared_out_and_never_more_than_the_user_set():
    assert worker_threads(32, 4, {}) == 8
    assert worker_threads(2, 4, {}) == 1
    assert worker_threads(32, 4, {"OMP_NUM_THREADS": "2"}) == 2
    assert worker_threads(32, 4, {"OMP_NUM_THREADS": "many"}) == 8


def test_workers_take_the_visible_gpus_in_turn():
    def visible(workers, gpus, **environment):
        made = worker_environments(workers, 8, gpus, None, environment)
        return [one.get("CUDA_VISIBLE_DEVICES") for one in made]

    assert visible(2, ["0", "1"]) == ["0", "1"]
    assert visible(3, ["5", "GPU-7"], CUDA_VISIBLE_DEVICES="5,GPU-7") == ["5", "GPU-7", "5"]
    assert visible(2, ["MIG-a", "MIG-b"], CUDA_VISIBLE_DEVICES="MIG-a,MIG-b") == ["MIG-a", "MIG-b"]
    assert visible(2, [], CUDA_VISIBLE_DEVICES="5") == [None, None]


def test_a_worker_knows_how_many_share_its_gpu(monkeypatch):
    made = worker_environments(3, 8, ["5", "GPU-7"], None, {})
    found = []
    for environment in made:
        monkeypatch.setenv(SHARERS_VARIABLE, environment[SHARERS_VARIABLE])
        found.append(gpu_sharers())
    assert found == [2, 1, 2]
    monkeypatch.delenv(SHARERS_VARIABLE)
    assert gpu_sharers() == 1


@pytest.mark.parametrize(
    ("wish", "name", "workers"),
    [
        ({}, "process", 1),
        ({"workers": 1}, "process", 1),
        ({"workers": 3}, "local", 3),
        ({"gpus": ["0"]}, "process", 1),
        ({"gpus": ["MIG-a", "MIG-b"]}, "local", 2),
        ({"address": "auto"}, "ray", 0),
    ],
)
def test_auto(wish, name, workers):
    executor = choose_executor("auto", **wish)
    assert (executor.name, executor.workers) == (name, workers)


@pytest.mark.parametrize(
    ("name", "wish", "said"),
    [
        ("process", {"workers": 2}, "one worker, found --workers 2"),
        ("local", {"address": "here:6379"}, "address of a Ray cluster, but the executor is local"),
        ("local", {"memory": 1 << 30, "workers": 4}, "leaves 0.2 GiB for each of 4 workers"),
        ("ray", {"memory": 1 << 30}, "nodes of Ray are bounded by"),
        ("local", {"stall_limit": 5.0}, "--stall-limit 5s would stop .* at least 60s, or off"),
    ],
)
def test_wishes_that_contradict_each_other_are_refused(name, wish, said):
    with pytest.raises(ValueError, match=said):
        choose_executor(name, **wish)


def test_a_job_beyond_the_bound_of_memory_fails_alone(tmp_path):
    environments = worker_environments(2, 2, [], 2 * (256 << 20), {})
    jobs = [toy(tmp_path, "large", allocate=512 << 20), toy(tmp_path, "small", allocate=32 << 20)]
    log = Log()
    LocalExecutor(environments).run(jobs, Work(work, ENTRY), tmp_path / "claims", log)
    assert log.ends["small"].status == "done"
    assert log.ends["large"].status == "failed"
    assert "toy large: needs more memory" in log.ends["large"].reason
