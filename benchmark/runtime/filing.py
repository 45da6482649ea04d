"""What a run left that ended well: copied, stamped, checked, filed. A call that is cut off here is begun again here.

Nothing that a submission says is believed, and nothing that it left is used where it could still be changed. What
lay at the backbone's place stays unless everything went well.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lovt_bench.benchmark.backbone.findings import Finding, failed
from lovt_bench.benchmark.backbone.names import BackboneError
from lovt_bench.benchmark.backbone.place import MANIFEST, read_manifest, tidy_backbone, writing_backbone
from lovt_bench.benchmark.contract.audit import AUDIT_FILE
from lovt_bench.benchmark.contract.backbone import BackboneManifest
from lovt_bench.benchmark.contract.run_contract import OUTPUT_BACKBONE, Limits
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.contract.verdict import RunVerdict, Verdict
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.runtime.attached_audit import attached_audits, settle_audit
from lovt_bench.benchmark.runtime.check_apart import check_apart
from lovt_bench.benchmark.runtime.inputs import PretrainInputs, differences
from lovt_bench.benchmark.runtime.outcome import ANEW, MENDED
from lovt_bench.benchmark.runtime.output_size import measure_all
from lovt_bench.benchmark.runtime.outputs import KEPT, Outputs, taken_over
from lovt_bench.benchmark.runtime.stamp import Known, stamp
from lovt_bench.benchmark.runtime.take_over import RejectedError, copy_backbone
from lovt_bench.benchmark.submission.read import SubmissionError

NAMES_SHOWN = 5


@dataclass(frozen=True)
class Pretrained:
    """The end of a pre-training."""

    verdict: RunVerdict
    findings: list[Finding]
    """What the check of the new backbone found; empty if there is no new one."""


def file_backbone(
    ended: RunVerdict,
    root: Path,
    outputs: Outputs,
    inputs: PretrainInputs,
    known: Known,
    limits: Limits,
    *,
    force: bool,
    replaces: str | None = None,
) -> Pretrained:
    """Put the backbone of a run that ended well at `root` if it deserves it.

    Args:
        ended: How the run ended; noted in `outputs`, too, so that a later call finds it.
        root: Backbone folder to make; its last part is the backbone's name.
        outputs: The output folder, and the harness's own notes about it.
        inputs: What the run depends on.
        known: What the harness writes into the manifest; time, memory and image are filled in here.
        limits: Limits of sizes.
        force: Whether any other backbone may be replaced.
        replaces: Identity of the one that may be replaced without (`check_place`).

    Returns:
        The verdict, which is written beside the output as well, and findings.

    Raises:
        SubmissionError: Another backbone has come to lie at `root`; the run's end stays noted.
    """
    known = replace(
        known,
        image_digest=ended.image_digest,
        seconds=outputs.seconds,
        peak_memory_bytes=ended.peak_memory_bytes,
        begun_with=outputs.begun_with,
    )
    try:
        findings = _take_over(outputs.folder, root, known, limits, force, replaces)
    except RejectedError as error:
        next_step = f"; its checkpoints are kept: {MENDED}" if outputs.resumable else f". It ended{ANEW}"
        message = f"ended well, but the backbone that it left breaks the contract: {error}{next_step}"
        rejected = ended.model_copy(
            update={
                "verdict": Verdict.REJECTED,
                "message": message,
                "reasons": error.reasons,
                "resumable": outputs.resumable,
            }
        )
        write_text(outputs.verdict, rejected.to_json())
        outputs.mark_rejected(inputs)
        return Pretrained(rejected, [])
    except BackboneError as error:
        raise SubmissionError(
            f"{root} came there meanwhile and is not replaced. The run ended well and is kept: move {root.name} away "
            "and give the same command again, which checks and files what the run left (--force trains anew)"
        ) from error
    taken = taken_over(ended, root.name)
    findings += [*_begun_with(outputs), *_dropped(outputs, limits)]
    outputs.mark_taken(inputs, taken)
    return Pretrained(taken, findings)


def check_place(root: Path, inputs: PretrainInputs, *, force: bool, begun: bool) -> str | None:
    """Return the identity of the backbone at `root` that a run may replace, None where there is none.

    Args:
        root: The backbone's folder, there or not.
        inputs: What the run depends on.
        force: Whether whatever lies there may be replaced.
        begun: Whether the run was begun by an earlier call. That one was allowed to replace what its method had made.

    Raises:
        SubmissionError: What lies there was made by something else, or from other inputs, which are named.
    """
    if force:
        return None
    # A call that was killed while it filed may have laid an old one aside: it comes back.
    with suppress(OSError):
        tidy_backbone(root)
    if not os.path.lexists(root):
        return None
    try:
        there = read_manifest(root)
    except BackboneError:  # nobody can tell whose it is
        there = None
    if there is None or not made_by(there, inputs.method):
        raise SubmissionError(
            f"{root} did not come from pre-training {inputs.method} and is not replaced; choose another --name, or "
            "replace it with --force"
        )
    if not begun and there.provenance.inputs_sha256 != inputs.digest():
        what = "; ".join(changed_inputs(there, inputs)) or "it does not say which"
        raise SubmissionError(
            f"{root} is a finished backbone from other inputs and is not replaced: {what}. Keep both with another "
            "--name, or replace it with --force"
        )
    return there.sha256


def changed_inputs(there: BackboneManifest, inputs: PretrainInputs) -> list[str]:
    """Name each input of a run that is not what it was for a finished backbone, with both values where they are known.

    Args:
        there: The backbone's manifest; earlier releases noted neither settings nor code.
        inputs: Inputs of the run that would take its place.
    """
    said = there.provenance
    # What a user declared is told apart from the rest of what the weights have seen only where it is not among it.
    declared = set(inputs.pretraining_data) <= set(said.pretraining_data)
    was = PretrainInputs(
        method=said.method,
        method_sha256=said.method_sha256 or inputs.method_sha256,
        seed=inputs.seed if said.seed is None else said.seed,
        variant=said.variant,
        fraction=inputs.fraction if said.fraction is None else said.fraction,
        profile=said.profile or inputs.profile,
        settings=inputs.settings if said.settings is None else said.settings,
        corpus_sha256=said.corpus_sha256,
        pretraining_data=inputs.pretraining_data if declared else (),
    )
    return [clean_text(line, 200) for line in differences(was, inputs)]


def made_by(manifest: BackboneManifest, method: str) -> bool:
    """Return whether `lovt-bench pretrain` made a backbone by running `method`."""
    return manifest.provenance.method == method and manifest.provenance.inputs_sha256 is not None


def _take_over(
    output: Path, root: Path, known: Known, limits: Limits, force: bool, replaces: str | None
) -> list[Finding]:
    """Copy, stamp, check and file the backbone; return the findings of the check.

    Raises:
        RejectedError: It breaks the contract.
        BackboneError: What lies at `root` may not be replaced.
    """

    def replaceable(there: BackboneManifest) -> bool:
        equal = made_by(there, known.method) and there.provenance.inputs_sha256 == known.inputs_sha256
        return equal or there.sha256 == replaces

    with writing_backbone(root, force=force, own=replaceable) as taken:
        copy_backbone(output, taken, limits)
        made = _stamped(taken, known)
        findings = check_apart(taken, name=root.name)
        if failed(findings):
            raise RejectedError(
                [
                    f"{each.subject}: {each.message}".replace(f"{taken.resolve()}/", "").replace(
                        f"{taken}/", ""
                    )
                    for each in findings
                    if each.level == "error"
                ]
            )
        # Before the old folder goes, so that a report of it is nowhere in memory alone.
        outcomes = [settle_audit(report, made, root.parent.parent, taken) for report in attached_audits(root)]
    return [*findings, *(Finding("warning", AUDIT_FILE, outcome) for outcome in outcomes)]


def _begun_with(outputs: Outputs) -> list[Finding]:
    if not outputs.begun_with:
        return []
    message = "began with other inputs than it ended with; the digests of both are in its provenance"
    return [Finding("warning", MANIFEST, message)]


def _dropped(outputs: Outputs, limits: Limits) -> list[Finding]:
    """Name what lies in an output beside what the contract names, before it goes."""
    dropped = [path for path in outputs.passing() if path.name != OUTPUT_BACKBONE]
    if not dropped:
        return []
    usage = measure_all(dropped, limits)
    names = ", ".join(clean_text(path.name, 60) for path in dropped[:NAMES_SHOWN])
    more = f" and {len(dropped) - NAMES_SHOWN} more" if len(dropped) > NAMES_SHOWN else ""
    kept = ", ".join(f"{name}/" for name in (OUTPUT_BACKBONE, *KEPT))
    message = (
        f"removed {names}{more} (files and folders: {usage.files:,}, on disk {usage.bytes:,} bytes): of what a run "
        f"leaves, only {kept} are kept"
    )
    return [Finding("warning", "output", message)]


def _stamped(taken: Path, known: Known) -> BackboneManifest:
    try:
        manifest = read_manifest(taken)
    except BackboneError as error:
        raise RejectedError([str(error).replace(f"{taken}/", "")]) from error
    made = stamp(manifest, known)
    write_text(taken / MANIFEST, made.to_json())
    return made
