"""The same promises on a real Ray cluster of two nodes on this machine, and the records of an evaluation there."""

from __future__ import annotations

import os
from contextlib import suppress

import psutil
import pytest

from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.executor.job import Work
from lovt_bench.benchmark.executor.ray_cluster import RayExecutor, share_of_gpus
from tests.benchmark.executor.found import results
from tests.benchmark.executor.log import Log
from tests.benchmark.executor.toys import ENTRY, times, toy, work
from tests.benchmark.executor.worlds import Activities, long_evaluation, tiny_evaluation

pytestmark = pytest.mark.slow
QUICK_TO_NOTICE = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_failure_threshold": 3,
}


@pytest.fixture(scope="module")
def cluster():
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "_system_config": QUICK_TO_NOTICE}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    yield cluster
    cluster.shutdown()


def test_a_worker_or_node_that_is_lost_or_hangs_costs_its_job_one_more_attempt(cluster, tmp_path):
    gone, kept = cluster.add_node(num_cpus=1), None

    class Sabotage(Log):
        def event(self, job, event):
            nonlocal kept
            super().event(job, event)
            if job.id == "on-a-node-that-goes" and kept is None:
                kept = cluster.add_node(num_cpus=1)
                cluster.remove_node(gone, allow_graceful=False)

    jobs = [
        toy(tmp_path, "on-a-node-that-goes", cost=9, stall=60),
        toy(tmp_path, "mortal", die=1),
        toy(tmp_path, "frozen", freeze=True),
        toy(tmp_path, "bad", refuse="too few"),
        toy(tmp_path, "waits", after=("bad",)),
        toy(tmp_path, "last", after=("mortal",), needs=["mortal"]),
    ]
    log = Sabotage()
    RayExecutor(cluster.address, stall_limit=2.0).run(jobs, Work(work, ENTRY), tmp_path / "claims", log)
    assert [log.ends[job.id].status for job in jobs] == ["done", "done", "done", "failed", "failed", "done"]
    assert [times(tmp_path, job.id) for job in jobs] == [1, 1, 1, 0, 0, 1]
    assert {name for name, _ in log.lost} == {"on-a-node-that-goes", "mortal", "frozen"}
    assert "none for 2 s" in dict(log.lost)["frozen"]
    assert log.ends["waits"].reason == "too few"
    assert os.getpid() not in {event["pid"] for _, event in log.events if "pid" in event}


def test_a_job_runs_on_the_gpu_that_it_was_given_and_no_two_at_once_on_one(cluster, tmp_path):
    """The GPUs are said to be there; a process keeps the one that it used first, as CUDA does."""
    node = cluster.add_node(num_cpus=4, num_gpus=4)
    jobs = [toy(tmp_path, f"job-{number}", seconds=0.1 * (number % 3)) for number in range(8)]
    log = Log()
    try:
        RayExecutor(cluster.address, gpu=True).run(jobs, Work(work, ENTRY), tmp_path / "claims", log)
    finally:
        cluster.remove_node(node)
    assert {log.ends[job.id].status for job in jobs} == {"done"}
    busy: dict[str, str] = {}
    for name, event in log.events:
        if "assigned" in event:
            assert event["used"] == event["assigned"], f"{name} is on a GPU that is another job's"
            assert event["used"] not in busy.values(), f"{name} began beside another"
            busy[name] = event["used"]
        elif "finished" in event:
            del busy[name]
    assert {event["used"] for _, event in log.events if "used" in event} == {"0", "1", "2", "3"}


def test_a_cluster_without_a_gpu_is_said_at_once(cluster, tmp_path):
    """Ray would let the jobs wait for one for ever."""
    with pytest.raises(ValueError, match=r"no node of the Ray cluster has one: .* --num-gpus"):
        RayExecutor(cluster.address, gpu=True).run(
            [toy(tmp_path, "a")], Work(work, ENTRY), tmp_path / "claims", Log()
        )


@pytest.mark.parametrize(
    ("nodes", "workers", "jobs", "threads"),
    [
        ([(32, 4)], 0, 4, 8),
        ([(64, 0), (8, 4)], 0, 4, 2),  # a head without GPUs lends no threads
        ([(32, 4), (16, 4)], 0, 8, 4),
        ([(32, 4)], 2, 2, 8),
        ([(32, 4)], 9, 4, 8),
        ([(2, 4)], 0, 4, 1),
    ],
)
def test_a_job_asks_for_no_more_threads_than_a_node_has_beside_each_gpu(nodes, workers, jobs, threads):
    assert share_of_gpus(nodes, workers) == (jobs, threads)


def test_a_lost_cluster_is_said_in_a_sentence_with_what_to_do(cluster, tmp_path):
    if not cluster.worker_nodes:
        cluster.add_node(num_cpus=1)

    class Sabotage(Log):
        def event(self, job, event):
            # Looks at this cluster alone: other tests may have one at the same time.
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    if process.cmdline()[:1] == ["ray::_Mailbox"]:
                        process.kill()

    with pytest.raises(ValueError, match=r"cluster was lost .* the same command goes on"):
        RayExecutor(cluster.address).run(
            [toy(tmp_path, "long", stall=30)], Work(work, ENTRY), tmp_path / "claims", Sabotage()
        )


def test_a_cluster_leaves_the_records_of_this_process(cluster, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    evaluate(tiny_evaluation(here, ("covid_linear",)))
    while len(cluster.worker_nodes) < 2:
        cluster.add_node(num_cpus=1)
    evaluate(tiny_evaluation(there, ("covid_linear",)), executor=RayExecutor(cluster.address, workers=1))
    assert results(there) == results(here)
    assert len(results(there)) == 2 + 2


def test_a_worker_that_is_killed_within_a_training_costs_an_epoch_and_leaves_no_checkpoint(
    cluster, long_results, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        "lovt_bench.benchmark.engine.evaluate.ENTRY", "tests.benchmark.executor.worlds:mortal_worker"
    )
    if not cluster.worker_nodes:
        cluster.add_node(num_cpus=1)
    heard = Activities()
    evaluate(long_evaluation(tmp_path), heard, RayExecutor(cluster.address, workers=1))
    assert results(tmp_path) == long_results
    assert len([text for text in heard.heard if text.endswith("goes on at epoch 2")]) == 1
    assert len(list(tmp_path.glob("killed-*"))) == 2
    assert not list(tmp_path.glob("checkpoints/*/*"))
