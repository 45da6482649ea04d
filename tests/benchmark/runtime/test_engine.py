"""Which runtime is taken, and an engine that is not there or fails: told apart from a submission that does."""

from __future__ import annotations

import pytest

from benchmark.runtime.engine import EngineError, choose, connect
from benchmark.runtime.leftovers import is_abandoned, owner


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
    with pytest.raises(EngineError):
        choose("auto", external=True)
    with pytest.raises(EngineError):
        choose("docker", external=False)
    with pytest.raises(ValueError, match="a process has all your powers"):
        choose("process", external=True)


def test_a_container_is_abandoned_when_its_harness_has_ended():
    host, pid, started = owner().split(" ")
    assert not is_abandoned(owner())
    assert is_abandoned(f"{host} {pid} {int(started) + 1}"), "another process has the number by now"
    assert is_abandoned(f"{host} 4194399 1")
    assert not is_abandoned(f"elsewhere {pid} 1")
    assert not is_abandoned("nonsense")
