"""The doctor against a real engine: what it says is what the engine does, and it leaves nothing behind."""

from __future__ import annotations

import docker
import pytest

from lovt_bench.benchmark.runtime.doctor_engine import LIMITS, PROBE, check_engine, held, read_report


def containers(engine: docker.DockerClient) -> set[str]:
    return {container.id for container in engine.containers.list(all=True, ignore_removed=True)}


def test_every_limit_is_held_here_and_no_container_remains(
    engine: docker.DockerClient, base_image: str
) -> None:
    found = {one.subject: one for one in check_engine(base_image, containers=True)}
    assert found["Docker Engine"].level == "ok"
    assert found["limits"].level == "ok", found["limits"]
    for name in [*(limit.name for limit in LIMITS), "memory"]:
        assert name in found["limits"].message
    assert not engine.containers.list(all=True, filters={"ancestor": base_image, "status": "exited"})


def test_the_probe_sees_an_engine_that_limits_nothing(engine: docker.DockerClient, base_image: str) -> None:
    """The same script in a container without any limit: as root, with the host's network, everything open."""
    output = engine.containers.run(
        base_image, ["-c", PROBE], entrypoint="sh", user="0", network_mode="host", remove=True,
        security_opt=["seccomp=unconfined"],
    )  # fmt: skip
    seen = read_report(output.decode())
    assert seen.keys() >= {limit.key for limit in LIMITS}
    assert [limit.name for limit in LIMITS if held(limit, seen)] == []


@pytest.mark.parametrize("name", ["no-such-image", "INVALID//"])
def test_an_image_that_is_not_here_is_a_warning_and_never_pulled(
    engine: docker.DockerClient, name: str
) -> None:
    found = {one.subject: one for one in check_engine(name, containers=True)}
    assert found["limits"].level == "warning"
    assert "not tried" in found["limits"].message
