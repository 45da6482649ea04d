"""When a rehearsal of a pre-training is held, what it learns from, and what its end means."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from lovt_bench.benchmark.backbone.findings import Finding, failed
from lovt_bench.benchmark.contract.corpus import CorpusManifest
from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.data.corpus.excerpt import write_excerpt
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.runtime.engine import EngineError
from lovt_bench.benchmark.runtime.inputs import PretrainInputs
from lovt_bench.benchmark.runtime.interruption import StoppedError
from lovt_bench.benchmark.runtime.outputs import Outputs
from lovt_bench.benchmark.runtime.rehearsal import Rehearsal, Small
from lovt_bench.benchmark.runtime.rehearsal_passed import identity as identity_of
from lovt_bench.benchmark.runtime.rehearsal_passed import is_rehearsed, remember
from lovt_bench.benchmark.runtime.request import Request
from lovt_bench.benchmark.runtime.runs import Run, Runtime
from lovt_bench.benchmark.runtime.shown import Shown
from lovt_bench.benchmark.runtime.stamp import Known
from lovt_bench.benchmark.submission.read import SubmissionError

LONG_RUN_IMAGES = 5000
"""Training images above which a run of the profile `paper` is rehearsed without being asked to."""
MINUTES = 5.0
"""That the runs of a rehearsal may take together."""
STUDIES: dict[SplitName, int] = {"train": 12, "validation": 4, "test": 1}
PER_DEVICE = 4
"""Training studies for two steps of two samples."""


class RehearsalError(SubmissionError):
    """A rehearsal found something that a run would fail by."""


def is_due(
    request: Request,
    manifest: CorpusManifest | None,
    fraction: float,
    outputs: Outputs,
    identity: str,
) -> bool:
    """Return whether a run will take long, is a new one and was not rehearsed as it is."""
    if request.rehearse is not None or request.resume or request.profile != "paper" or manifest is None:
        return False
    if fraction * manifest.splits["train"].images <= LONG_RUN_IMAGES:
        return False
    return not is_rehearsed(outputs, identity)


def rehearse(
    request: Request,
    prepare: Callable[[], tuple[Runtime, Run]],
    manifest: CorpusManifest | None,
    outputs: Outputs,
    inputs: PretrainInputs,
    known: Known,
    shown: Shown,
) -> None:
    """Hold a rehearsal, show each stage as it is over, and remember one that passed.

    Args:
        request: What is asked for.
        prepare: Builds what is to be run and returns it with the real run.
        manifest: Manifest of the corpus; None for a method that reads none.
        outputs: Outputs of the real run; nothing is written there.
        inputs: What the real run depends on.
        known: What is known of the real run.
        shown: Shows each stage to the user.

    Raises:
        RehearsalError: Something is wrong; what, was shown.
        StoppedError: It was stopped.
    """
    started = time.monotonic()
    if request.proof is None:
        shown.line(f"rehearsal of {known.name}: a few images, a few steps; nothing of it is kept")
    try:
        found = _held(request, prepare, manifest, outputs, inputs, known, shown)
    except KeyboardInterrupt:
        raise StoppedError(
            "stopped: during the rehearsal, which leaves nothing; the same command begins anew"
        ) from None
    took = f"{time.monotonic() - started:.0f} s"
    errors = sum(each.level == "error" for each in found)
    if errors:
        again = "then try again" if request.rehearse else "--no-rehearse starts the run all the same"
        raise RehearsalError(
            f"the rehearsal found {errors} error{'s'[: errors > 1]} in {took}; mend what is above, {again}"
        )
    if request.proof is not None:  # whoever asks for a proof has more to do, and says so
        return
    warnings = sum(each.level == "warning" for each in found)
    said = f", {warnings} warning{'s'[: warnings > 1]}" if warnings else ""
    follows = "Next: the same command without --rehearse" if request.rehearse else "now the run itself"
    shown.line(f"rehearsal passed in {took}{said}. {follows}")


def _held(
    request: Request,
    prepare: Callable[[], tuple[Runtime, Run]],
    manifest: CorpusManifest | None,
    outputs: Outputs,
    inputs: PretrainInputs,
    known: Known,
    shown: Shown,
) -> list[Finding]:
    began = time.monotonic()
    try:
        runtime, run = prepare()
    except (SubmissionError, EngineError) as error:
        finding = Finding("error", "build", str(error))
        shown.finding(finding, time.monotonic() - began, ())
        return [finding]
    built = runtime.image_digest or "this Python, in a process of its own"
    shown.finding(Finding("ok", "build", built), time.monotonic() - began, ())

    def fill(folder: Path) -> Small:
        assert manifest is not None
        studies = {**STUDIES, "train": max(STUDIES["train"], PER_DEVICE * (request.devices or 1))}
        try:
            small = write_excerpt(run.input, folder, studies)
        except DataError as error:
            raise SubmissionError(str(error)) from error
        there, here = manifest.splits["train"].images, small.splits["train"].images
        return Small(small.identity(), f"{here} of {there:,} training images of {small.display_name}")

    minutes = (request.hard_limit if request.rehearse else None) or MINUTES
    rehearsal = Rehearsal(
        runtime=runtime,
        run=run,
        known=known,
        inputs=inputs,
        place=outputs.folder.with_name("rehearsal"),
        seconds=60 * minutes,
        fill=None if manifest is None else fill,
        show=shown.finding,
        proof=request.proof,
    )
    found = rehearsal.hold()
    if not failed(found):
        remember(outputs, identity_of(inputs, runtime, run.parameters.device))
    return found
