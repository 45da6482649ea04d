"""One pre-training from start to filed backbone: run, judged, taken over, checked, stamped.

Nothing that a submission says is believed, and nothing that it left is used where it could still be changed. What
lay at the backbone's place stays unless everything went well.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.backbone.findings import Finding, failed
from benchmark.backbone.folder import MANIFEST, read_manifest, replace_folder
from benchmark.backbone.model import BackboneError
from benchmark.contract.audit import AUDIT_FILE
from benchmark.contract.exit_codes import ExitCode
from benchmark.contract.verdict import RunVerdict, Verdict
from benchmark.disk.temporary import write_text
from benchmark.log import logger
from benchmark.runtime.attached_audit import attached_audits, settle_audit
from benchmark.runtime.check_apart import check_apart
from benchmark.runtime.engine import ATTEMPTS, EngineError
from benchmark.runtime.inputs import PretrainInputs
from benchmark.runtime.narrator import Listener, Narrator
from benchmark.runtime.outcome import decide
from benchmark.runtime.outputs import Outputs
from benchmark.runtime.runs import Run, Runtime
from benchmark.runtime.stamp import Known, stamp_foreign, stamp_own
from benchmark.runtime.supervise import Ended
from benchmark.runtime.take_over import RejectedError, copy_backbone

WAIT_SECONDS = 2.0
"""Before the second attempt on an engine that failed; doubled before the third."""


@dataclass(frozen=True)
class Pretrained:
    """The end of a pre-training."""

    verdict: RunVerdict
    findings: list[Finding]
    """Of the check of the new backbone; empty where there is none."""


def pretrain(
    runtime: Runtime,
    run: Run,
    root: Path,
    outputs: Outputs,
    inputs: PretrainInputs,
    known: Known,
    listener: Listener,
    *,
    wait: Callable[[float], None] = time.sleep,
) -> Pretrained:
    """Run a submission and put its backbone at `root` if it deserves it.

    Args:
        runtime: how to run it.
        run: what to run; its output was opened by `outputs`.
        root: backbone folder to make; its last part is the backbone's name.
        outputs: the output folder, and the harness's own notes about it.
        inputs: what the run depends on.
        known: what the harness writes into the manifest; time, memory and image are filled in here.
        listener: gets what the submission says, from another thread.
        wait: sleeps between attempts.

    Returns:
        The verdict, which is written beside the output as well, and findings.

    Raises:
        KeyboardInterrupt: after Ctrl-C, where the submission did not end as resumable; all is cleaned up.
    """
    attempts = 0
    while True:
        attempts += 1
        try:
            with Narrator(listener, outputs.log, run.limits.log_bytes) as narrator:
                ended = runtime.run(run, narrator)
            break
        except KeyboardInterrupt:  # before the run began, or a second time
            outputs.drop_halves(everything=False)
            raise
        except EngineError as error:
            logger.warning("attempt %d: %s", attempts, error)
            if attempts >= ATTEMPTS:
                outputs.drop_halves(everything=False)
                message = f"{error}; not the submission's fault, tried {attempts} times"
                return _finish(
                    outputs, _verdict(runtime, Verdict.INFRASTRUCTURE, message, Ended(None), attempts)
                )
            wait(WAIT_SECONDS * 2 ** (attempts - 1))
            resume = run.parameters.resume or outputs.resumable
            run = replace(run, parameters=run.parameters.model_copy(update={"resume": resume}))
    outputs.add_seconds(inputs, ended.seconds)
    if ended.stopped == "interrupt" and not (ended.exit and ended.exit.code == ExitCode.RESUMABLE):
        outputs.drop_halves(everything=False)
        raise KeyboardInterrupt
    word, message = decide(ended, resumable=outputs.resumable)
    if word is not Verdict.SUCCESS:
        outputs.drop_halves(everything=word is Verdict.OUTPUT_TOO_LARGE)
        return _finish(outputs, _verdict(runtime, word, message, ended, attempts))
    known = replace(
        known,
        image_digest=runtime.image_digest,
        seconds=outputs.seconds,
        peak_memory_bytes=ended.peak_memory,
    )
    try:
        findings = _take_over(run, root, known)
    except RejectedError as error:
        outputs.drop_halves(everything=False)
        message = f"ended well, but the backbone that it left breaks the contract: {error}"
        rejected = _verdict(runtime, Verdict.REJECTED, message, ended, attempts)
        return _finish(outputs, rejected.model_copy(update={"reasons": error.reasons}))
    outputs.mark_taken(inputs)
    return _finish(outputs, _verdict(runtime, word, f"{root.name} was taken over", ended, attempts), findings)


def _take_over(run: Run, root: Path, known: Known) -> list[Finding]:
    """Copy, stamp, check and file the backbone; return the findings of the check.

    Raises:
        RejectedError: it breaks the contract.
    """
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".pretrain.{root.name[:40]}.", dir=root.parent) as scratch:
        taken = Path(scratch).resolve() / root.name
        copy_backbone(run.output, taken, run.limits)
        try:
            manifest = read_manifest(taken)
        except BackboneError as error:
            raise RejectedError([str(error).replace(f"{scratch}/", "")]) from error
        stamp = stamp_own if known.image_digest is None else stamp_foreign
        made = stamp(manifest, known)
        write_text(taken / MANIFEST, made.to_json())
        findings = check_apart(taken)
        if failed(findings):
            raise RejectedError(
                [
                    f"{each.subject}: {each.message}".replace(f"{taken}/", "")
                    for each in findings
                    if each.level == "error"
                ]
            )
        taken.chmod(0o755)
        audits = attached_audits(root)
        replace_folder(taken, root)
    outcomes = [settle_audit(report, made, root.parent.parent) for report in audits]
    return [*findings, *(Finding("warning", AUDIT_FILE, outcome) for outcome in outcomes)]


def _verdict(runtime: Runtime, word: Verdict, message: str, ended: Ended, attempts: int) -> RunVerdict:
    return RunVerdict(
        verdict=word,
        message=message,
        exit_code=None if ended.exit is None else ended.exit.code,
        runtime=runtime.kind,
        image_digest=runtime.image_digest,
        seconds=round(ended.seconds, 2),
        peak_memory_bytes=ended.peak_memory,
        attempts=attempts,
    )


def _finish(outputs: Outputs, verdict: RunVerdict, findings: list[Finding] | None = None) -> Pretrained:
    write_text(outputs.verdict, verdict.to_json())
    return Pretrained(verdict, findings or [])
