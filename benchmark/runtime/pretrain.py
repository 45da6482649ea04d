"""One pre-training from start to filed backbone: run, judged, and what it left taken over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lovt_bench.benchmark.contract.verdict import RunVerdict, Verdict
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.log import logger
from lovt_bench.benchmark.runtime.engine import ATTEMPTS, EngineError
from lovt_bench.benchmark.runtime.filing import Pretrained, file_backbone
from lovt_bench.benchmark.runtime.inputs import PretrainInputs
from lovt_bench.benchmark.runtime.narrator import Listener, Narrator
from lovt_bench.benchmark.runtime.outcome import NO_NETWORK, RESUME, decide, wants_network
from lovt_bench.benchmark.runtime.outputs import Outputs
from lovt_bench.benchmark.runtime.run_log import LAST_LINES
from lovt_bench.benchmark.runtime.runs import Run, Runtime
from lovt_bench.benchmark.runtime.stamp import Known
from lovt_bench.benchmark.runtime.supervise import Ended
from lovt_bench.benchmark.submission.read import SubmissionError

WAIT_SECONDS = 2.0
"""Before the second attempt on an engine that failed; doubled before the third."""


def pretrain(
    runtime: Runtime,
    run: Run,
    root: Path,
    outputs: Outputs,
    inputs: PretrainInputs,
    known: Known,
    listener: Listener,
    *,
    force: bool = False,
    replaces: str | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> Pretrained:
    """Run a submission and put its backbone at `root` if it deserves it.

    Args:
        runtime: How to run it.
        run: What to run; its output was opened by `outputs`.
        root: Backbone folder to make; its last part is the backbone's name.
        outputs: The output folder, and the harness's own notes about it.
        inputs: What the run depends on.
        known: What the harness writes into the manifest; time, memory and image are filled in later.
        listener: Gets what the submission says, from another thread.
        force: Whether any other backbone may be replaced.
        replaces: Identity of the one that may be replaced without.
        wait: Sleeps between attempts.

    Returns:
        The verdict, which is written beside the output as well, and findings.

    Raises:
        KeyboardInterrupt: After Ctrl-C, where nothing is left that a run could go on with; all is cleaned up.
        SubmissionError: The run cannot be begun as things lie on this machine, or its backbone not be filed.
    """
    attempts = 1

    def judged(ended: Ended) -> RunVerdict:
        resumable = outputs.resumable
        word, message = decide(ended, resumable=resumable)
        return _verdict(runtime, word, message, ended, attempts, resumable)

    def note(ended: Ended) -> None:
        verdict = judged(ended)
        outputs.add_seconds(inputs, ended.seconds, verdict if verdict.verdict is Verdict.SUCCESS else None)

    run = replace(run, over=note)
    while True:
        try:
            with Narrator(listener, outputs.log, run.limits.log_bytes) as narrator:
                ended = runtime.run(run, narrator)
            break
        except (KeyboardInterrupt, SubmissionError, OSError):
            # Before the run began, a second Ctrl-C, or the first one just after the run ended well: that end is kept.
            if outputs.waiting(inputs) is None:
                outputs.drop_halves()
            raise
        except EngineError as error:
            logger.warning("attempt %d: %s", attempts, error)
            if attempts >= ATTEMPTS:
                outputs.drop_halves()
                left = outputs.resumable
                go_on = f"; {RESUME}" if left else ""
                message = f"{error}; not the submission's fault, tried {attempts} times{go_on}"
                failed = _verdict(runtime, Verdict.INFRASTRUCTURE, message, Ended(None), attempts, left)
                return _finish(outputs, failed)
            wait(WAIT_SECONDS * 2 ** (attempts - 1))
            attempts += 1
            resume = run.parameters.resume or outputs.resumable
            run = replace(run, parameters=run.parameters.model_copy(update={"resume": resume}))
    if ended.stopped == "output":
        outputs.drop_what_is_too_large(run.limits)
    verdict = judged(ended)
    if verdict.verdict is Verdict.SUCCESS:
        narrator.complain()
        return file_backbone(
            verdict, root, outputs, inputs, known, run.limits, force=force, replaces=replaces
        )
    outputs.drop_halves()
    if ended.stopped == "interrupt" and not outputs.resumable:
        raise KeyboardInterrupt
    if verdict.verdict is not Verdict.RESUMABLE:
        narrator.show_last()
        if runtime.kind != "process" and wants_network(narrator.last(LAST_LINES)):
            verdict = verdict.model_copy(update={"message": verdict.message + NO_NETWORK})
    narrator.complain()
    return _finish(outputs, verdict)


def _verdict(
    runtime: Runtime, word: Verdict, message: str, ended: Ended, attempts: int, resumable: bool
) -> RunVerdict:
    return RunVerdict(
        verdict=word,
        message=message,
        exit_code=None if ended.exit is None else ended.exit.code,
        runtime=runtime.kind,
        image_digest=runtime.image_digest,
        seconds=round(ended.seconds, 2),
        peak_memory_bytes=ended.peak_memory,
        attempts=attempts,
        resumable=resumable and word is not Verdict.SUCCESS,
    )


def _finish(outputs: Outputs, verdict: RunVerdict) -> Pretrained:
    write_text(outputs.verdict, verdict.to_json())
    return Pretrained(verdict, [])
