"""Which runtime a run gets, and the image that a container starts from."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.gpu import PINNED, Needs, hidden, is_there, without_cuda
from lovt_bench.benchmark.runtime import engine
from lovt_bench.benchmark.runtime.apptainer import ApptainerRuntime
from lovt_bench.benchmark.runtime.apptainer_command import find_program
from lovt_bench.benchmark.runtime.base_images import base_for, missing_bases, missing_text, takes_given_base
from lovt_bench.benchmark.runtime.container import ContainerRuntime
from lovt_bench.benchmark.runtime.gpu_choice import NoGpuError, cards_here, choose_gpus, look
from lovt_bench.benchmark.runtime.gpus import Given
from lovt_bench.benchmark.runtime.image import Image, build_image, find_image
from lovt_bench.benchmark.runtime.leftovers import remove_leftovers
from lovt_bench.benchmark.runtime.process import ProcessRuntime
from lovt_bench.benchmark.runtime.request import Request
from lovt_bench.benchmark.runtime.runs import Runtime
from lovt_bench.benchmark.runtime.sif import find_sif
from lovt_bench.benchmark.runtime.small_container import local_image
from lovt_bench.benchmark.submission.check_folder import no_module
from lovt_bench.benchmark.submission.dockerfile_rules import SIZE_LIMIT
from lovt_bench.benchmark.submission.dockerfile_rules import SUBJECT as RECIPE
from lovt_bench.benchmark.submission.read import Found, SubmissionError

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Plan:
    """What an engine that answers can do for a run."""

    gpus: Given | None
    line: str
    """Which GPUs, or why none; empty where nobody asked for one."""
    base: str | None
    """What the recipe's base becomes; None: as it says."""
    missing: list[str]
    """Images that the recipe is built on and the engine lacks."""


def choose_runtime(
    request: Request, found: Found, own: bool, say: Callable[[str], None]
) -> tuple[Runtime, Literal["cpu", "cuda"]]:
    """Return the runtime to use and the device it has; says which and why."""
    if request.runtime == "apptainer":
        return _apptainer(request, say)
    asked: Literal["auto", "docker", "process"] = request.runtime
    if own and found.module is None:
        if asked == "process":
            raise SubmissionError(
                f"{found.submission.name} runs in its container only: {no_module(found.folder)}"
            )
        own = False
        asked = "docker"
    if asked == "auto" and request.wandb is not None and own:
        asked = "process"  # a container has no network
    plan = _plan(request, found) if asked != "process" else None
    if asked == "auto" and own and plan is not None and plan.missing:
        kind: engine.Kind = "process"
        reason = f"process, not isolated: an engine answers, but {'; '.join(map(missing_text, plan.missing))}"
    else:
        try:
            kind, reason = engine.choose(asked, external=not own)
        except ValueError as error:
            raise SubmissionError(str(error)) from error
    say(f"runtime: {reason}")
    if kind == "process":
        assert found.module is not None
        return ProcessRuntime(f"lovt_bench.{found.module}"), _process_device(request.device, say)
    _without_network(request)
    plan = plan or _plan(request, found)
    if plan is None:
        raise engine.EngineError("the Docker Engine does not answer any more")
    if plan.line:
        say(f"GPU: {plan.line}")
    client = engine.connect()
    try:
        remove_leftovers(client)
        if request.image is not None:
            image = find_image(client, request.image)
        else:
            image = _build(client, request, found, plan.base, say)
    finally:
        client.close()
    say(f"image: {image.digest}")
    runtime = ContainerRuntime(engine.connect, image.digest, gpus=plan.gpus, more_mounts=request.more_mounts)
    return runtime, "cpu" if plan.gpus is None else "cuda"


def _apptainer(
    request: Request, say: Callable[[str], None]
) -> tuple[ApptainerRuntime, Literal["cpu", "cuda"]]:
    _without_network(request)
    program = find_program()
    if request.image is None:
        raise SubmissionError(
            "--runtime apptainer builds no image: build it where a Docker Engine is, `docker save NAME -o FILE.tar`, "
            "and give --image FILE.tar here, or a SIF file"
        )
    say("runtime: apptainer, as asked")
    image = find_sif(program, Path(request.image), request.workspace / "images", say)
    say(f"image: {image.digest}")
    if request.base_image is not None or request.build_network is not None:
        say("--base-image and --build-network are for an image that is built: left out")
    if request.device != "cuda":
        if request.device == "auto":
            say("GPU: none, the CPU is used; --device cuda gives all that the caller has, by --nv")
        return ApptainerRuntime(program, image), "cpu"
    say("GPU: all that the caller has, by --nv, which nobody has tried with lovt-bench yet")
    return ApptainerRuntime(program, image), "cuda"


def _without_network(request: Request) -> None:
    if request.wandb is not None:
        raise SubmissionError("--wandb needs a network, and a container has none; --runtime process")


def _build(
    client: DockerClient, request: Request, found: Found, base: str | None, say: Callable[[str], None]
) -> Image:
    name = found.submission.name
    if not (found.folder / RECIPE).is_file():
        raise SubmissionError(f"{found.folder} holds no {RECIPE}; docs/contract.md shows one")
    say(f"building {name}" + (f" on {base}" if base else ""))
    return build_image(
        client,
        found.folder,
        RECIPE,
        f"{request.tags}-{name}" if found.own else f"{request.tags}-external-{name}",
        base=base,
        network=request.build_network,
        listener=lambda line: say(f"  {line}"),
    )


def _plan(request: Request, found: Found) -> Plan | None:
    """Return what an engine can do for a run, None where none answers: the choice between runtimes says why.

    Raises:
        SubmissionError: A GPU is asked for that a container cannot have.
    """
    try:
        client = engine.connect(timeout=60)
    except engine.EngineError:
        return None
    try:
        recipe = "" if request.image is not None else _recipe(found)
        given = takes_given_base(recipe)
        gpus, line = _gpus(client, request, PINNED if given else None)
        base = request.base_image
        if base is None and given:
            base = base_for(client, "cpu" if gpus is None else "cuda")
        return Plan(gpus, line, base, missing_bases(client, recipe, base))
    except engine.EngineError:
        return None
    finally:
        client.close()


def _recipe(found: Found) -> str:
    try:
        return read_plain(found.folder / RECIPE, SIZE_LIMIT).decode("utf-8", errors="replace")
    except (OSError, PlainFileError):
        return ""  # the build says what is wrong with it


def _gpus(client: DockerClient, request: Request, needs: Needs | None) -> tuple[Given | None, str]:
    """Return the GPUs of a container, and a line that says which, or why none.

    Raises:
        SubmissionError: They are asked for, and it cannot have them.
    """
    if request.device == "cpu":
        return None, ""
    try:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        if why := hidden(visible):
            raise NoGpuError(why)
        image = local_image(client) if request.image is None else find_image(client, request.image).digest
        if image is None:
            raise NoGpuError(
                "the engine has no image to look for GPUs with; `make docker BASE=base-cuda` builds one"
            )
        info = engine.ask(client.info)
        seen = look(client, info, image)
        return choose_gpus(seen, info, needs, request.devices or 1, visible, cards_here())
    except NoGpuError as error:
        if request.device == "cuda":
            raise SubmissionError(f"--device cuda: {error}; --device cpu needs none") from error
        return None, f"none, the CPU is used: {error}"


def _process_device(
    asked: Literal["auto", "cpu", "cuda"], say: Callable[[str], None]
) -> Literal["cpu", "cuda"]:
    if asked != "auto":
        return asked
    if not (why := without_cuda()):
        return "cuda"
    if is_there():
        say(f"GPU: none, the CPU is used: {why}")
    return "cpu"
