"""From what a user asked for to a verdict: which submission, which runtime, which image."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from benchmark.backbone.sources import backbone_folder
from benchmark.cli.pretrain_view import RunView
from benchmark.contract.run_contract import Limits, RunParameters
from benchmark.runtime import engine
from benchmark.runtime.configuration import Choice, configure, merged_settings
from benchmark.runtime.container import ContainerRuntime
from benchmark.runtime.image import DEFAULT_BASE, build_image, find_image
from benchmark.runtime.inputs import PretrainInputs, folder_digest, method_digest, read_corpus
from benchmark.runtime.leftovers import remove_leftovers
from benchmark.runtime.outputs import Outputs, is_done
from benchmark.runtime.pretrain import Pretrained, pretrain
from benchmark.runtime.process import ProcessRuntime
from benchmark.runtime.runs import Run, Runtime
from benchmark.runtime.stamp import Known
from benchmark.runtime.submissions import Found, SubmissionError, find_submission, submissions_root


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
    more_mounts: list[Any] = field(default_factory=list)
    """Of a container, for this repository's tests."""
    root: Path = Path()
    """Of the backbone; filled in by `execute`."""


def execute(request: Request, say: Callable[[str], None]) -> Pretrained | None:
    """Run what was asked for; None where its backbone is there already.

    Args:
        request: the command line; its `root` is filled in.
        say: prints a line.

    Raises:
        SubmissionError, BackboneError: what was asked for does not fit together.
        EngineError: a container is needed, and no engine answers or it fails before the run.
    """
    found = find_submission(request.method)
    submission = found.submission
    if found.own and submission.module is None:
        raise SubmissionError(
            f"{submission.name} needs no pre-training; evaluate it: `lovt-bench evaluate {submission.name}`"
        )
    choice = configure(submission, request.variant, request.fraction, request.profile)
    request.root = root = backbone_folder(request.workspace, request.name or choice.backbone_name(submission))
    source = None if submission.corpus == "none" else request.corpus()
    manifest = None if source is None else read_corpus(source)
    own = found.own and request.image is None
    code = (
        method_digest(submissions_root(), submission.name) if found.own else folder_digest(found.folder)
    ) + (f" in {request.image}" if request.image else "")
    inputs = PretrainInputs(
        method=submission.name,
        method_sha256=code,
        seed=request.seed,
        variant=choice.variant,
        fraction=choice.fraction,
        profile=request.profile,
        settings=request.settings,
        corpus_sha256=None if manifest is None else manifest.identity(),
    )
    if not request.force and is_done(root, inputs):
        say(f"{root} is there already, made from the same inputs; --force makes it again")
        return None
    runtime, device = _runtime(request, found, own, say)
    outputs = Outputs(request.workspace / "pretraining" / root.name)
    outputs.open(inputs, resume=request.resume, force=request.force)
    learnt = [] if manifest is None else [manifest.display_name]
    known = Known(
        name=root.name,
        display_name=choice.display_name(submission, request.profile)[:80],
        method=submission.name,
        variant=choice.variant,
        profile=request.profile,
        fraction=None if source is None else choice.fraction,
        seed=request.seed,
        corpus_sha256=inputs.corpus_sha256,
        inputs_sha256=inputs.digest(),
        pretraining_data=None if own else tuple(dict.fromkeys([*submission.pretraining_data, *learnt])),
        image_digest=None,
        seconds=0.0,
        peak_memory_bytes=None,
    )
    with tempfile.TemporaryDirectory(prefix="lovt-bench-") as empty, interruptible():
        Path(empty).chmod(0o755)
        run = Run(
            parameters=_parameters(request, found, choice, root.name, device),
            input=source or Path(empty),
            output=outputs.folder,
            assets=_assets(request),
            limits=request.limits,
            more_environment=_more(request),
        )
        with RunView(Console(stderr=False)) as view:
            return pretrain(runtime, run, root, outputs, inputs, known, view.hear)


def _runtime(
    request: Request, found: Found, own: bool, say: Callable[[str], None]
) -> tuple[Runtime, Literal["cpu", "cuda"]]:
    """Return the runtime to use and the device it has; says which and why."""
    asked: Literal["auto", "docker", "process"] = request.runtime
    if asked == "auto" and request.wandb is not None and own:
        asked = "process"  # a container has no network
    if asked == "auto" and own and not _has_base(request):
        kind, reason = engine.choose("process", external=False)
        base = request.base_image or DEFAULT_BASE
        reason = (
            f"process, not isolated: an engine answers, but has no image {base} (`make docker` builds it)"
        )
    else:
        try:
            kind, reason = engine.choose(asked, external=not own)
        except ValueError as error:
            raise SubmissionError(str(error)) from error
    say(f"runtime: {reason}")
    if kind == "process":
        assert found.submission.module is not None
        return ProcessRuntime(found.submission.module), _process_device(request.device)
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


def _build(client: Any, request: Request, found: Found, say: Callable[[str], None]) -> Any:
    name = found.submission.name
    context, recipe = (
        (submissions_root().resolve().parent, f"submissions/{found.folder.name}/Dockerfile")
        if found.own
        else (found.folder, "Dockerfile")
    )
    if not (context / recipe).is_file():
        raise SubmissionError(f"{found.folder} holds no Dockerfile; docs/contract.md shows one")
    base = request.base_image or (DEFAULT_BASE if found.own else None)
    say(f"building {name}" + (f" on {base}" if base else ""))
    return build_image(
        client,
        context,
        recipe,
        f"lovt-bench-{name}" if found.own else f"lovt-bench-external-{name}",
        base=base,
        network=request.build_network,
        listener=lambda line: say(f"  {line}"),
    )


def _has_base(request: Request) -> bool:
    """Return whether an engine answers and has the image that methods are built on."""
    try:
        client = engine.connect(timeout=10)
    except engine.EngineError:
        return True  # the choice between runtimes says why
    try:
        find_image(client, request.base_image or DEFAULT_BASE)
    except (SubmissionError, engine.EngineError):
        return False
    finally:
        client.close()
    return True


def _parameters(
    request: Request, found: Found, choice: Choice, name: str, device: Literal["cpu", "cuda"]
) -> RunParameters:
    return RunParameters(
        name=name,
        seed=request.seed,
        fraction=choice.fraction,
        profile=request.profile,
        variant=choice.variant,
        device=device,
        time_limit=request.time_limit,
        settings=merged_settings(found.submission, choice, request.profile, request.settings),
        resume=request.resume,
    )


def _more(request: Request) -> dict[str, str]:
    given = {
        "LOVT_BENCH_DEVICES": request.devices,
        "LOVT_BENCH_WORKERS": request.workers,
        "LOVT_BENCH_WANDB": request.wandb,
        "LOVT_BENCH_ONLINE_EVALUATION": None if request.online_evaluation else "false",
    }
    return {key: str(value) for key, value in given.items() if value is not None}


def _assets(request: Request) -> Path | None:
    usual = request.workspace / "assets"
    return request.assets.resolve() if request.assets else usual if usual.is_dir() else None


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


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM end a run like Ctrl-C: in good order, with nothing left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
