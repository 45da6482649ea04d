"""Which runtime is taken, and an engine that is not there or fails: told apart from a submission that does."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lovt_bench.benchmark.runtime.engine import EngineError, choose, connect
from lovt_bench.benchmark.runtime.leftovers import is_abandoned, owner
from tests.conftest import REPOSITORY


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")


@pytest.mark.usefixtures("no_engine")
def test_no_engine_is_said_with_what_to_do():
    with pytest.raises(
        EngineError, match=r"no Docker Engine answers .*; start it, or name its socket with DOCKER_HOST"
    ):
        connect()


@pytest.mark.usefixtures("no_engine")
def test_auto_takes_a_process_for_own_code_and_says_why():
    kind, reason = choose("auto", external=False)
    assert kind == "process"
    assert reason.startswith("process, not isolated: no Docker Engine answers")


@pytest.mark.usefixtures("no_engine")
def test_code_from_elsewhere_never_gets_a_process():
    with pytest.raises(EngineError, match="; --runtime apptainer --image FILE needs none"):
        choose("auto", external=True)
    with pytest.raises(EngineError):
        choose("docker", external=False)
    with pytest.raises(ValueError, match=r"a process has all your powers.*--runtime apptainer --image FILE"):
        choose("process", external=True)


def test_a_container_is_abandoned_when_its_harness_has_ended():
    place, pid, started = owner().split(" ")
    assert not is_abandoned(owner())
    assert is_abandoned(f"{place} {pid} {int(started) + 1}"), "another process has the number by now"
    assert is_abandoned(f"{place} 4194399 1")


@pytest.mark.parametrize("part", [0, 1, 2])
def test_of_a_harness_elsewhere_nothing_is_known(part: int):
    """Another machine, another start of this one, another PID namespace: equal numbers are other processes."""
    place, pid, _ = owner().split(" ")
    parts = place.split("/")
    parts[part] = "other"
    assert not is_abandoned(f"{'/'.join(parts)} {pid} 1")
    assert not is_abandoned(f"{parts[0]} {pid} 1"), "a label of an earlier version"
    assert not is_abandoned("nonsense")
    assert not is_abandoned("")


def test_a_harness_in_another_pid_namespace_is_left_alone():
    """Two containers with one host name on one machine: process 1 of one is not process 1 of the other."""
    code = (
        "import sys; from lovt_bench.benchmark.runtime.leftovers import is_abandoned, owner; "
        "print(owner(), is_abandoned(sys.argv[1]))"
    )
    inside = ["unshare", "--pid", "--fork", "--mount-proc"] + ["--map-root-user"] * (os.getuid() != 0)
    done = subprocess.run(
        [*inside, sys.executable, "-c", code, owner()],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    place, pid, started, said = done.stdout.split()
    assert said == "False", "a living harness outside"
    assert place.split("/")[:2] == owner().split(" ")[0].split("/")[:2], "host and boot are the same"
    assert not is_abandoned(f"{place} {pid} {started}")
