"""Podman's service in place of Docker's engine: what the contract says holds there, too.

Not in CI, which installs no Podman; docs/contract.md (Podman) has the commands.
The attacks on the box itself, out of the hostile suite; what the harness does with an output knows no engine.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from lovt_bench.benchmark.runtime.doctor_engine import LIMITS, check_engine
from lovt_bench.benchmark.runtime.engine import choose
from tests.containers import images
from tests.containers.attacks import Suspect, build_suspect
from tests.containers.test_hostile import (  # noqa: F401
    test_a_child_of_it_eats_memory,
    test_it_eats_memory,
    test_it_exits_with_nothing,
    test_it_fills_the_disk_with_many_files,
    test_it_forks_without_end,
    test_it_hides_memory_in_files,
    test_it_ignores_term,
    test_it_looks_for_the_engine,
    test_it_opens_a_socket,
    test_it_writes_outside,
    test_the_same_container_without_an_attack_succeeds,
)

SOCKET = "LOVT_BENCH_TEST_PODMAN"


@pytest.fixture(scope="module")
def podman() -> Iterator[docker.DockerClient]:
    """A client of Podman's service."""
    if SOCKET not in os.environ:
        pytest.skip(f"{SOCKET} names no service; `.ci/engine start DIR podman` starts one, where it can")
    client = docker.DockerClient(os.environ[SOCKET], timeout=120)
    yield client
    client.close()


@pytest.fixture(scope="module")
def podman_image(podman: docker.DockerClient, request: pytest.FixtureRequest) -> Iterator[str]:
    """An image that runs the script in ATTACK, on the system that the other engine has."""
    engine, base = request.getfixturevalue("engine"), request.getfixturevalue("os_image")
    if not podman.images.list(base):
        podman.images.load(engine.images.get(base).save(named=True))
    _starts(podman, base)
    tag = f"lovt-bench-test-suspect-{os.getpid()}"
    yield build_suspect(podman, base, tag)
    podman.images.remove(tag)


def _starts(podman: docker.DockerClient, image: str) -> None:
    """Skip where a service answers that can start no container."""
    few = [docker.types.Ulimit(name=name, soft=1024, hard=1024) for name in ("nofile", "nproc")]
    try:
        podman.containers.run(image, ["true"], init=True, network_mode="none", ulimits=few, remove=True)
    except docker.errors.DockerException as error:
        pytest.skip(f"Podman starts no container here: {error}")


@pytest.fixture
def suspect(
    podman: docker.DockerClient, podman_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Suspect:
    monkeypatch.setenv("DOCKER_HOST", os.environ[SOCKET])
    return Suspect(podman, podman_image, tmp_path / "workspace")


def test_it_is_named_and_its_limits_hold_when_tried(suspect: Suspect, tmp_path: Path) -> None:
    kind, reason = choose("docker", external=True)
    assert kind == "docker"
    assert reason.startswith("podman "), reason
    found = {each.subject: each for each in check_engine(images.OS_IMAGE, True, tmp_path)}
    assert found["Docker Engine"].message.startswith("podman ")
    assert found["/output"].level == "ok", found["/output"]
    for name in [*(limit.name for limit in LIMITS), "memory"]:
        assert name in found["limits"].message, found["limits"]
