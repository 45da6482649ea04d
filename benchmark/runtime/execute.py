"""From what a user asked for to a verdict: which submission, which runtime, which image."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from lovt_bench.benchmark.backbone.place import backbone_folder, tidy_backbone
from lovt_bench.benchmark.contract.backbone import repeated
from lovt_bench.benchmark.contract.base import is_built_in
from lovt_bench.benchmark.contract.pretraining_data import UnknownDataError, vocabulary
from lovt_bench.benchmark.contract.run_contract import RunParameters
from lovt_bench.benchmark.disk.temporary import scratch_folder
from lovt_bench.benchmark.keeper import keeper
from lovt_bench.benchmark.runtime.choose_runtime import choose_runtime
from lovt_bench.benchmark.runtime.configuration import (
    Choice,
    backbone_name,
    changed_settings,
    configure,
    display_name,
    given_settings,
    merged_settings,
)
from lovt_bench.benchmark.runtime.filing import Pretrained, check_place, file_backbone
from lovt_bench.benchmark.runtime.inputs import (
    IN_IMAGE,
    PretrainInputs,
    check_corpus,
    folder_digest,
    method_digest,
    read_corpus,
)
from lovt_bench.benchmark.runtime.interruption import StoppedError, interruptible
from lovt_bench.benchmark.runtime.outcome import ANEW, RESUME
from lovt_bench.benchmark.runtime.outputs import Outputs, is_done
from lovt_bench.benchmark.runtime.pretrain import pretrain
from lovt_bench.benchmark.runtime.rehearsal_passed import identity
from lovt_bench.benchmark.runtime.rehearse import is_due, rehearse
from lovt_bench.benchmark.runtime.request import Request
from lovt_bench.benchmark.runtime.runs import Run, Runtime
from lovt_bench.benchmark.runtime.shown import Shown
from lovt_bench.benchmark.runtime.stamp import Known
from lovt_bench.benchmark.runtime.start import start_of
from lovt_bench.benchmark.submission.find import beside_text, find_submission
from lovt_bench.benchmark.submission.read import SubmissionError, submissions_root


def execute(request: Request, shown: Shown) -> Pretrained | None:
    """Run what was asked for; None where its backbone is there already, and after a rehearsal that was asked for.

    Args:
        request: What is asked for; its `root` is filled in.
        shown: Shows it to the user.

    Raises:
        SubmissionError, BackboneError: What was asked for does not fit together.
        EngineError: A container is needed, and no engine answers or it fails before the run.
        StoppedError: After Ctrl-C or SIGTERM, where the run did not end with a verdict.
    """
    try:
        with interruptible():
            return _execute(request, shown)
    except KeyboardInterrupt:
        raise StoppedError("stopped before a run began; the same command begins again") from None


def _execute(request: Request, shown: Shown) -> Pretrained | None:
    found = find_submission(request.method, request.workspace)
    submission = found.submission
    if text := beside_text(submission.name, found.folder, found.beside):
        shown.line(text)
    if is_built_in(submission.name) and found.module is None:
        raise SubmissionError(
            f"{submission.name} needs no pre-training; evaluate it: `lovt-bench evaluate {submission.name}`"
        )
    choice = configure(submission, request.variant, request.fraction, request.profile)
    # What is asked for is read before anything is built for it.
    settings = merged_settings(submission, choice, request.profile, request.settings)
    changed = changed_settings(submission, choice, request.profile, given_settings(request.settings))
    more = _declared(request.pretraining_data)
    name = request.name or backbone_name(submission, choice, request.seed, changed)
    request.root = root = backbone_folder(request.workspace, name)
    if is_built_in(root.name) and not (found.own and submission.name == root.name):
        raise SubmissionError(
            f"the name {root.name} is kept for the backbones that are always there; choose another --name"
        )
    source = None if submission.corpus == "none" else request.corpus(submission.corpus)
    manifest = None if source is None else read_corpus(source)
    if manifest is not None and manifest.has_masks and submission.supervision != "control":
        raise SubmissionError(
            f"the corpus {manifest.name} carries the phantom's masks: it is for controls (supervision: control), and "
            f"{submission.name} is a method; choose another --corpus"
        )
    own = found.own and request.image is None
    start = start_of(
        settings, request.backbones_of or request.workspace, own=own, supervision=submission.supervision
    )
    code = (
        method_digest(submissions_root(), submission.name) if found.own else folder_digest(found.folder)
    ) + (f"{IN_IMAGE}{request.image}" if request.image else "")
    inputs = PretrainInputs(
        method=submission.name,
        method_sha256=code,
        seed=request.seed,
        variant=choice.variant,
        fraction=choice.fraction,
        profile=request.profile,
        settings=request.settings,
        corpus_sha256=None if manifest is None else manifest.identity(),
        pretraining_data=more,
        initial_sha256=None if start.backbone is None else start.backbone.sha256,
    )
    outputs = Outputs(request.workspace / "pretraining" / root.name)
    if not request.force and not request.rehearse and is_done(root, inputs):
        # It may be another's work, or somebody may only read.
        with suppress(SubmissionError, OSError), outputs.held():
            outputs.tidy(inputs)
            tidy_backbone(root)
        shown.line(f"{root} is there already, made from the same inputs; --force makes it again")
        return None
    replaces = None
    if not request.rehearse:
        begun = outputs.begun and (
            request.resume or (not request.force and outputs.waiting(inputs) is not None)
        )
        replaces = check_place(root, inputs, force=request.force, begun=begun)
        if source is not None and manifest is not None:
            check_corpus(source, manifest)
    known = Known(
        name=root.name,
        display_name=display_name(submission, choice, request.profile, request.seed, changed),
        method=submission.name,
        variant=choice.variant,
        profile=request.profile,
        fraction=None if source is None else choice.fraction,
        seed=request.seed,
        corpus_sha256=inputs.corpus_sha256,
        inputs_sha256=inputs.digest(),
        pretraining_data=(*submission.pretraining_data, *more, *start.pretraining_data),
        image_digest=None,
        seconds=0.0,
        peak_memory_bytes=None,
        made_by=_keeper(),
        corpus=None if manifest is None else manifest.display_name,
        hyperparameters=settings,
        settings=request.settings,
        method_sha256=inputs.method_sha256,
        initial=start.backbone,
        declared=repeated(submission),
    )
    with (
        outputs.held(),
        stoppable(outputs, inputs),
        scratch_folder(outputs.folder.with_name("input")) as empty,
    ):
        empty.chmod(0o755)

        def prepare() -> tuple[Runtime, Run]:
            runtime, device = choose_runtime(request, found, own, shown.line)
            run = Run(
                parameters=_parameters(request, settings, choice, root.name, device),
                input=source or empty.resolve(),
                output=outputs.folder,
                assets=_assets(request),
                initial=start.folder,
                limits=request.limits,
                more_environment=_more(request),
            )
            return runtime, run

        if request.rehearse:
            rehearse(request, prepare, manifest, outputs, inputs, known, shown)
            return None
        ended = None
        if not request.force:
            ended = outputs.waiting(inputs, accept_changes=request.accept_changes)
        if ended is not None:
            shown.line(
                f"{submission.name} ended well in an earlier call; what it left is checked now, it is not run again"
            )
            return file_backbone(
                ended, root, outputs, inputs, known, request.limits, force=False, replaces=replaces
            )
        runtime, run = prepare()
        if is_due(
            request, manifest, choice.fraction, outputs, identity(inputs, runtime, run.parameters.device)
        ):
            rehearse(request, lambda: (runtime, run), manifest, outputs, inputs, known, shown)
        outputs.open(
            inputs, resume=request.resume, force=request.force, accept_changes=request.accept_changes
        )
        changes = request.accept_changes or bool(outputs.begun_with)
        run = replace(run, parameters=run.parameters.model_copy(update={"accept_changes": changes}))
        with shown.run() as hear:
            return pretrain(
                runtime, run, root, outputs, inputs, known, hear, force=request.force, replaces=replaces
            )


def _declared(names: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(map(vocabulary().declare, names))
    except UnknownDataError as error:
        raise SubmissionError(f"--pretraining-data: {error}") from error


def _keeper() -> str | None:
    try:
        return keeper()
    except ValueError as error:
        raise SubmissionError(str(error)) from error


def _parameters(
    request: Request,
    settings: dict[str, Any],
    choice: Choice,
    name: str,
    device: Literal["cpu", "cuda"],
) -> RunParameters:
    return RunParameters(
        name=name,
        seed=request.seed,
        fraction=choice.fraction,
        profile=request.profile,
        variant=choice.variant,
        device=device,
        time_limit=request.time_limit,
        settings=settings,
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


@contextmanager
def stoppable(outputs: Outputs, inputs: PretrainInputs) -> Iterator[None]:
    """Let SIGTERM end a run like Ctrl-C: in good order, with nothing left behind, and with a word on how it goes on.

    Raises:
        StoppedError: It was stopped.
    """
    try:
        with interruptible():
            yield
    except KeyboardInterrupt:
        if outputs.waiting(inputs) is not None:
            message = "its run had ended well; the same command checks what it left, without a new run"
        elif outputs.resumable:
            message = RESUME
        else:
            message = f"it was cut off{ANEW}"
        raise StoppedError(f"stopped: {message}") from None
