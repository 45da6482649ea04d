"""GPUs that are not there, given to real containers: the engine has a hook of NVIDIA's name (`.ci/engine`).

What a container is given is read in it. `nvidia-smi`, which NVIDIA's own hook would put there, lies in the image.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from lovt_bench.benchmark.contract.run_contract import Limits
from lovt_bench.benchmark.runtime import small_container
from lovt_bench.benchmark.runtime.base_images import base_for
from lovt_bench.benchmark.runtime.choose_runtime import choose_runtime
from lovt_bench.benchmark.runtime.gpu_choice import NoGpuError, look
from lovt_bench.benchmark.runtime.gpus import Given
from lovt_bench.benchmark.runtime.request import Request
from lovt_bench.benchmark.submission.find import find_submission
from lovt_bench.benchmark.submission.read import SubmissionError
from tests.benchmark.runtime import smi
from tests.benchmark.runtime.smi import mig, uuid
from tests.containers import images
from tests.containers.attacks import Suspect
from tests.containers.conftest import unavailable

PREFIX = f"lovt-bench-test-gpu-{os.getpid()}"
RECIPE = 'ARG BASE_IMAGE=lovt-bench-base\nFROM ${BASE_IMAGE}\nENTRYPOINT ["sh", "-c", "exec sh -ec \\"$ATTACK\\""]\n'


@pytest.fixture(scope="module")
def with_smi(engine: docker.DockerClient) -> Iterator[Callable[[str], str]]:
    """Return an image with a script as its `nvidia-smi`."""
    made: list[str] = []

    def image(program: str) -> str:
        made.append(images.build_with(engine, f"{PREFIX}-{len(made)}", "nvidia-smi", program))
        return made[-1]

    yield image
    for tag in made:
        engine.images.remove(tag)


@pytest.fixture
def without_toolkit(monkeypatch: pytest.MonkeyPatch) -> Iterator[docker.DockerClient]:
    """A client of an engine that has no hook; DOCKER_HOST names it, and it has the small image."""
    socket = os.environ.get("LOVT_BENCH_TEST_REMAPPED")
    if socket is None:
        unavailable("LOVT_BENCH_TEST_REMAPPED names no engine; `.ci/engine start DIR remapped` starts one")
    monkeypatch.setenv("DOCKER_HOST", socket)
    client = docker.from_env(timeout=120)
    if not client.images.list(images.TINY_IMAGE):
        images.build_tiny(client)
    yield client
    client.close()


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        (Given("nvidia", ("2", "5")), "2,5"),
        (Given("nvidia", (uuid(3), uuid(1))), f"{uuid(3)},{uuid(1)}"),
        (Given("nvidia", (mig(1),)), mig(1)),
        (None, "void"),
    ],
)
def test_a_container_is_given_what_it_may_use_and_nothing_else(
    engine: docker.DockerClient, tmp_path: Path, given: Given | None, seen: str
) -> None:
    if not engine.images.list(images.TINY_IMAGE):
        images.build_tiny(engine)
    after = Suspect(engine, images.TINY_IMAGE, tmp_path / "workspace", given)(
        "echo $NVIDIA_VISIBLE_DEVICES; exit 7"
    )
    assert after.result.verdict.exit_code == 7, after.message
    assert after.log.splitlines()[0] == seen


def test_what_the_engines_machine_has_is_seen_in_a_container(
    engine: docker.DockerClient, with_smi: Callable[[str], str]
) -> None:
    before = {one.id for one in engine.containers.list(all=True, ignore_removed=True)}
    image = with_smi(smi.script())
    seen = look(engine, engine.info(), image)
    assert (seen.way, len(seen.cards), seen.cards[7].mig) == ("nvidia", 8, (mig(0), mig(1)))
    left = engine.containers.list(all=True, filters={"ancestor": image}, ignore_removed=True)
    assert not {one.id for one in left} - before


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (smi.FAILING, r"shows no GPU in a container \(Failed to initialize NVML: Driver/library version mismatch\)"),
        (smi.HANGING, "did not answer in a container within 2 s"),
        ("", "gives a container no nvidia-smi"),
    ],
)  # fmt: skip
def test_a_tool_that_fails_hangs_or_is_absent_is_said(
    engine: docker.DockerClient, with_smi: Callable[[str], str], program: str, said: str
) -> None:
    image = with_smi(program) if program else images.TINY_IMAGE
    with pytest.raises(NoGpuError, match=said):
        look(engine, engine.info(), image, seconds=2)


def test_an_engine_without_the_toolkit_is_said_once_and_is_not_tried_again(
    without_toolkit: docker.DockerClient, tmp_path: Path
) -> None:
    with pytest.raises(
        NoGpuError, match=r"cannot give a container a GPU \(.*device driver.*\); install the NVIDIA"
    ):
        look(without_toolkit, without_toolkit.info(), images.TINY_IMAGE)
    waits: list[float] = []
    suspect = Suspect(without_toolkit, images.TINY_IMAGE, tmp_path / "workspace", Given("nvidia", ("0",)))
    with pytest.raises(
        SubmissionError, match=r"does not give the container its GPUs: .*--device cpu needs none"
    ):
        suspect("exit 7", wait=waits.append)
    assert not waits


def request(folder: Path, **changes: Any) -> Request:
    given: dict[str, Any] = {
        "method": str(folder), "variant": None, "fraction": None, "profile": "paper", "seed": 1, "settings": {},
        "name": None, "resume": False, "force": False, "device": "auto", "devices": None, "workers": None,
        "time_limit": None, "hard_limit": None, "wandb": None, "online_evaluation": True, "runtime": "docker",
        "image": None, "base_image": images.TINY_IMAGE, "build_network": "none", "limits": Limits(), "assets": None,
        "workspace": folder / "workspace", "corpus": lambda need: folder, "tags": PREFIX,
    }  # fmt: skip
    return Request(**given | changes)


@pytest.fixture
def method(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "Dockerfile").write_text(RECIPE)
    (folder / "submission.yaml").write_text(
        "name: mine\ndisplay_name: Mine\nsupervision: unknown\ncorpus: none\n"
    )
    return folder


@pytest.mark.parametrize(
    ("program", "visible", "device", "said"),
    [
        (smi.script(), "5,3", "cuda", "GPU: GPU 5 (NVIDIA H200, 140 GiB), driver 580.65.06"),
        (smi.script(), "", "cpu", "GPU: none, the CPU is used: CUDA_VISIBLE_DEVICES='' hides every GPU"),
        (smi.script(driver="550.54.14"), None, "cpu", "the driver 550.54.14 is older than 580"),
        (smi.script(capability="7.0"), None, "cpu", "has compute capability 7.0, PyTorch for CUDA 13.0 needs 7.5"),
    ],
)  # fmt: skip
def test_auto_takes_a_gpu_that_works_and_says_why_it_does_not(
    engine: docker.DockerClient, with_smi: Callable[[str], str], method: Path, monkeypatch: pytest.MonkeyPatch,
    program: str, visible: str | None, device: str, said: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(small_container, "IMAGES", (with_smi(program),))
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    asked = request(method)
    heard: list[str] = []
    runtime, found = choose_runtime(
        asked, find_submission(asked.method, asked.workspace), False, heard.append
    )
    assert found == device, heard
    assert any(said in line for line in heard), heard
    engine.images.remove(str(runtime.image_digest), force=True)
    if visible == "":
        with pytest.raises(SubmissionError, match="--device cuda: CUDA_VISIBLE_DEVICES='' hides every GPU"):
            choose_runtime(
                request(method, device="cuda"), find_submission(asked.method, asked.workspace), False, heard.append
            )  # fmt: skip


def test_the_device_decides_the_base(without_toolkit: docker.DockerClient) -> None:
    """That for GPUs does for a CPU, too; that for a CPU holds nothing for GPUs."""
    tiny = without_toolkit.images.get(images.TINY_IMAGE)
    assert (base_for(without_toolkit, "cpu"), base_for(without_toolkit, "cuda")) == (
        "lovt-bench-base", "lovt-bench-base-cuda",
    )  # fmt: skip
    try:
        tiny.tag("lovt-bench-base-cuda")
        assert base_for(without_toolkit, "cpu") == "lovt-bench-base-cuda"
        tiny.tag("lovt-bench-base")
        assert base_for(without_toolkit, "cpu") == "lovt-bench-base"
        assert base_for(without_toolkit, "cuda") == "lovt-bench-base-cuda"
    finally:
        for tag in ("lovt-bench-base-cuda", "lovt-bench-base"):
            if without_toolkit.images.list(tag):
                without_toolkit.images.remove(tag)
