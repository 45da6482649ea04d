"""Which runtime a run gets, and the image that a container starts from."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchmark.contract.plain_file import PlainFileError, read_plain
from benchmark.contract.run_contract import Limits
from benchmark.runtime import engine
from benchmark.runtime.base_images import missing_bases, missing_text
from benchmark.runtime.check_folder import no_module
from benchmark.runtime.container import ContainerRuntime
from benchmark.runtime.dockerfile_rules import SIZE_LIMIT
from benchmark.runtime.dockerfile_rules import SUBJECT as RECIPE
from benchmark.runtime.image import Image, build_image, find_image
from benchmark.runtime.leftovers import remove_leftovers
from benchmark.runtime.process import ProcessRuntime
from benchmark.runtime.runs import Runtime
from benchmark.runtime.submissions import Found, SubmissionError

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass
class Request:
    """The command line of `lovt-bench pretrain`."""

    method: str
    variant: str | None
    fraction: float | None
    profile: str
    seed: int
    settings: dict[str, str]
    name: str | None
    resume: bool
    force: bool
    device: Literal["auto", "cpu", "cuda"]
    devices: int | None
    workers: int | None
    time_limit: float | None
    hard_limit: float | None
    wandb: str | None
    online_evaluation: bool
    runtime: Literal["auto", "docker", "process"]
    image: str | None
    base_image: str | None
    build_network: str | None
    limits: Limits
    assets: Path | None
    workspace: Path
    corpus: Callable[[], Path]
    """Returns the folder of the corpus; asked only where the method needs one."""
    pretraining_data: tuple[str, ...] = ()
    """What weights of the user's, from which the method starts, have seen."""
    more_mounts: list[Any] = field(default_factory=list)
    """Of a container, for this repository's tests."""
    tags: str = "lovt-bench"
    """First part of the names of images that are built."""
    accept_changes: bool = False
    """Whether a run goes on although it began with other inputs."""
    rehearse: bool | None = None
    """True: rehearse and do not run; False: never rehearse; None: before a run that will take long."""
    root: Path = Path()
    """Of the backbone; filled in by `execute`."""


def choose_runtime(
    request: Request, found: Found, own: bool, say: Callable[[str], None]
) -> tuple[Runtime, Literal["cpu", "cuda"]]:
    """Return the runtime to use and the device it has; says which and why."""
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
    if asked == "auto" and own and (missing := _missing_bases(request, found)):
        kind: engine.Kind = "process"
        reason = f"process, not isolated: an engine answers, but {'; '.join(map(missing_text, missing))}"
    else:
        try:
            kind, reason = engine.choose(asked, external=not own)
        except ValueError as error:
            raise SubmissionError(str(error)) from error
    say(f"runtime: {reason}")
    if kind == "process":
        assert found.module is not None
        return ProcessRuntime(found.module), _process_device(request.device)
    if request.wandb is not None:
        raise SubmissionError("--wandb needs a network, and a container has none; --runtime process")
    client = engine.connect()
    try:
        remove_leftovers(client)
        if request.image is not None:
            image = find_image(client, request.image)
        else:
            image = _build(client, request, found, say)
    finally:
        client.close()
    say(f"image: {image.digest}")
    device = "cuda" if request.device == "cuda" or (request.device == "auto" and host_has_gpu()) else "cpu"
    gpus = (request.devices or 1) if device == "cuda" else 0
    runtime = ContainerRuntime(engine.connect, image.digest, gpus=gpus, more_mounts=request.more_mounts)
    return runtime, "cuda" if gpus else "cpu"


def _build(client: DockerClient, request: Request, found: Found, say: Callable[[str], None]) -> Image:
    name = found.submission.name
    if not (found.folder / RECIPE).is_file():
        raise SubmissionError(f"{found.folder} holds no {RECIPE}; docs/contract.md shows one")
    say(f"building {name}" + (f" on {request.base_image}" if request.base_image else ""))
    return build_image(
        client,
        found.folder,
        RECIPE,
        f"{request.tags}-{name}" if found.own else f"{request.tags}-external-{name}",
        base=request.base_image,
        network=request.build_network,
        listener=lambda line: say(f"  {line}"),
    )


def _missing_bases(request: Request, found: Found) -> list[str]:
    """Return the images that a method is built on and an engine that answers lacks."""
    try:
        client = engine.connect(timeout=10)
    except engine.EngineError:
        return []  # the choice between runtimes says why
    try:
        recipe = read_plain(found.folder / RECIPE, SIZE_LIMIT).decode("utf-8", errors="replace")
        return missing_bases(client, recipe, request.base_image)
    except (engine.EngineError, OSError, PlainFileError):
        return []
    finally:
        client.close()


def _process_device(asked: Literal["auto", "cpu", "cuda"]) -> Literal["cpu", "cuda"]:
    if asked != "auto":
        return asked
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def host_has_gpu() -> bool:
    """Return whether the driver of this machine sees an NVIDIA GPU."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    done = subprocess.run([tool, "--list-gpus"], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode == 0 and "GPU" in done.stdout
