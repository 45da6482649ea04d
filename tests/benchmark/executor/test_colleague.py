"""Two people share a workspace: what one may not do is said, and the rest goes on."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from lovt_bench.benchmark.disk.lock import hold
from lovt_bench.benchmark.engine.evaluate import plan_tasks
from lovt_bench.benchmark.engine.records import results_path
from lovt_bench.benchmark.executor.drive import attempt
from lovt_bench.benchmark.executor.job import Work
from lovt_bench.benchmark.executor.process import ProcessExecutor
from tests.benchmark.executor.log import Log
from tests.benchmark.executor.toys import ENTRY, times, toy, work
from tests.benchmark.executor.worlds import tiny_evaluation

ANNE, BERT, GROUP = 3001, 3002, 2000

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")


@contextmanager
def acting(user: int, umask: int = 0o022):
    """Let this process act as another user of the group."""
    before, groups = os.umask(umask), os.getgroups()
    os.setgroups([])
    os.setegid(GROUP)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
        os.umask(before)


@pytest.fixture
def shared_folder():
    """A folder in which both may write, as the members of a group set it up; pytest's own are for their owner alone."""
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        folder = Path(parent) / "shared"
        folder.mkdir()
        os.chown(folder, ANNE, GROUP)
        folder.chmod(0o2775)
        yield folder


@pytest.mark.parametrize("umask", [0o002, 0o022])
def test_a_job_that_a_colleague_is_at_is_waited_for(shared_folder, umask):
    claims, job = shared_folder / "claims", toy(shared_folder, "job")
    with acting(ANNE, umask):
        claims.mkdir()
        claims.chmod(0o2775)
        holding = hold(claims / "job.lock")
        holding.__enter__()
    with acting(BERT, umask):
        assert attempt(job, work, claims, lambda event: None).outcome == "held"
    holding.__exit__(None, None, None)
    with acting(BERT, umask):
        assert attempt(job, work, claims, lambda event: None).outcome == "done"
    assert times(shared_folder, "job") == 1


def test_what_follows_the_umask_of_a_group_is_writable_for_the_group(shared_folder):
    with acting(ANNE, 0o002), hold(shared_folder / "claims" / "a.lock"):
        assert (shared_folder / "claims" / "a.lock").stat().st_mode & 0o777 == 0o664
        assert (shared_folder / "claims").stat().st_mode & 0o777 == 0o775


def test_a_job_that_a_colleague_keeps_to_himself_fails_and_the_others_go_on(shared_folder):
    jobs = [
        toy(shared_folder, "his"),
        toy(shared_folder, "free"),
        toy(shared_folder, "waits", after=("his",)),
    ]
    log = Log()
    with acting(ANNE, 0o077), hold(shared_folder / "his.lock"):
        os.seteuid(0)
        with acting(BERT):
            ProcessExecutor().run(jobs, Work(work, ENTRY), shared_folder, log)
    assert [log.ends[job.id].status for job in jobs] == ["failed", "done", "failed"]
    assert f"toy his: {shared_folder}/his.lock: " in log.ends["his"].reason
    assert "has no permission for it; ask its owner" in log.ends["his"].reason


def test_a_workspace_that_may_not_be_written_to_is_said_once_and_before_any_job(shared_folder):
    shared_folder.chmod(0o2755)
    log = Log()
    with acting(BERT), pytest.raises(PermissionError, match=str(shared_folder / "claims")):
        ProcessExecutor().run([toy(shared_folder, "job")], Work(work, ENTRY), shared_folder / "claims", log)
    assert not log.ends
    with acting(BERT):
        ProcessExecutor().run([], Work(work, ENTRY), shared_folder / "claims", log)


def test_records_that_a_colleague_keeps_to_himself_fail_their_task_alone(shared_folder):
    evaluation = tiny_evaluation(shared_folder)
    his = results_path(shared_folder, "phantom", "random-resnet18", "covid_linear")
    his.parent.mkdir(parents=True)
    his.touch(mode=0o600)
    with acting(BERT):
        plans, failures = plan_tasks(evaluation)
    assert list(plans) == ["rsna_frozen_1"]
    assert failures["covid_linear"].startswith(f"task covid_linear: {his}: ")
    assert "has no permission" in failures["covid_linear"]
