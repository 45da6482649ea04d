"""GPUs that are not there, given by a CDI specification: needs an engine of Docker 25 or newer (`.ci/engine`, `cdi`).

Debian's engine of today's CI knows no CDI, so these tests skip there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from lovt_bench.benchmark.runtime.gpu_choice import choose_gpus, look
from lovt_bench.benchmark.runtime.gpus import Given
from lovt_bench.benchmark.submission.read import SubmissionError
from tests.benchmark.runtime import smi
from tests.benchmark.runtime.smi import mig, uuid
from tests.containers import images
from tests.containers.attacks import Suspect

TAG = f"lovt-bench-test-cdi-{os.getpid()}"


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    """A client of the engine; DOCKER_HOST names it, and it has the small image."""
    socket = os.environ.get("LOVT_BENCH_TEST_CDI")
    if socket is None:
        pytest.skip("LOVT_BENCH_TEST_CDI names no engine; `.ci/engine start DIR cdi` starts one")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOCKER_HOST", socket)
        client = docker.from_env(timeout=120)
        images.build_tiny(client)
        yield client
        client.close()


@pytest.fixture
def given_devices(engine: docker.DockerClient, tmp_path: Path) -> Callable[[Given | None], list[str]]:
    """Return the devices of NVIDIA that a container sees."""

    def see(given: Given | None) -> list[str]:
        after = Suspect(engine, images.TINY_IMAGE, tmp_path / "workspace", given)(
            "ls /dev; echo $NVIDIA_VISIBLE_DEVICES; exit 7"
        )
        assert after.result.verdict.exit_code == 7, after.message
        assert after.log.splitlines()[-1] == "void"
        return [line for line in after.log.splitlines() if line.startswith("nvidia")]

    return see


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        (Given("cdi", (uuid(2), uuid(5)), ("2", "5")), ["nvidia2", "nvidia5"]),
        (Given("cdi", (uuid(2),), (uuid(2),)), [f"nvidia{uuid(2)}"]),
        (Given("cdi", (mig(1),), ("7:1",)), ["nvidia7:1"]),
        (None, []),
    ],
)
def test_a_container_is_given_what_it_may_use_and_nothing_else(given_devices, given, seen) -> None:
    assert given_devices(given) == seen


def test_a_device_that_no_specification_has_is_said(given_devices) -> None:
    with pytest.raises(SubmissionError, match=r"does not give the container its GPUs: .*nvidia.com/gpu=9"):
        given_devices(Given("cdi", (uuid(2),), ("9",)))


def test_what_the_machine_has_is_seen_through_it(engine, given_devices) -> None:
    """The engine has no hook of the toolkit: that is tried first, then CDI."""
    image = images.build_with(engine, TAG, "nvidia-smi", smi.script())
    try:
        seen = look(engine, engine.info(), image)
    finally:
        engine.images.remove(image)
    assert (seen.way, len(seen.cards), seen.cards[7].mig) == ("cdi", 8, (mig(0), mig(1)))
    for visible, count, devices in (("5,3", 2, ["nvidia3", "nvidia5"]), (mig(1), 1, ["nvidia7:1"])):
        given, _ = choose_gpus(seen, engine.info(), None, count, visible, list(seen.cards))
        assert given_devices(given) == devices
