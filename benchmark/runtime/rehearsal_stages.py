"""From what was seen of a rehearsal's runs to findings, one for each stage. Pure: nothing here runs or waits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.contract.exit_codes import ExitCode
from lovt_bench.benchmark.contract.run_contract import MIB, Limits
from lovt_bench.benchmark.contract.verdict import RunVerdict, Verdict
from lovt_bench.benchmark.runtime.outcome import NO_NETWORK, wants_network
from lovt_bench.benchmark.runtime.rehearsal_heard import Heard
from lovt_bench.benchmark.runtime.supervise import Ended

SILENT_SHARE = 1 / 3
"""Share of the time limit: a method that was silent for longer hangs, one that was not is slow."""
REASONS = 5

_NO_MODULE = re.compile(r"No module named '([\w.]+)'")


@dataclass(frozen=True)
class Attempt:
    """One run of a rehearsal, over."""

    verdict: Verdict
    message: str
    ended: Ended
    heard: Heard
    resumable: bool
    """Whether it left checkpoints."""
    limits: Limits
    contained: bool
    """Whether it was a container, which has no network."""
    lines: Sequence[str] = ()
    """The last ones of its log."""

    @property
    def asked(self) -> bool:
        """Whether the harness stopped it, as it was to be."""
        return self.ended.stopped == "enough"

    @property
    def finished(self) -> bool:
        """Whether it ended with exit code 0."""
        return self.verdict is Verdict.SUCCESS


def start(heard: Heard) -> Finding:
    """Return the finding of a run that works."""
    return Finding("ok", "start", "the training began" if heard.started else "it runs; it reports no events")


def steps(heard: Heard) -> Finding:
    """Return what is known of its training."""
    if heard.not_finite:
        return Finding(
            "error",
            "steps",
            f"the value {heard.not_finite} that it reports is not finite",
            "lower the learning rate, or look for a division by zero",
        )
    done = [f"epoch {heard.epochs[-1]}"] if heard.epochs else [f"step {heard.steps}"] if heard.steps else []
    values = [f"{name} {value:.4g}" for name, value in list(heard.values.items())[:4]]
    return Finding("ok", "steps", ", ".join([*done, *values]) or "no step was reported")


def while_it_runs(
    heard: Heard, reported: set[str], *, resume: bool, before: Heard | None = None
) -> Iterator[Finding]:
    """Yield what can be said of a run before its end.

    Args:
        heard: What it has said so far.
        reported: Stages that are reported already.
        resume: Whether it was to go on.
        before: See `resumed`.
    """
    if resume:
        if heard.epochs and "resume" not in reported:
            yield resumed(heard, before)
        return
    if heard.started and "start" not in reported:
        yield start(heard)
    if heard.epochs and "steps" not in reported:
        yield steps(heard)


def first_run(attempt: Attempt, reported: set[str]) -> Iterator[Finding]:
    """Yield what is to be said after the run that is to be stopped.

    Args:
        attempt: The run.
        reported: Stages that are reported already, while it ran.
    """
    heard = attempt.heard
    if not (attempt.asked or attempt.finished):
        stage = "export" if heard.trained else "steps" if heard.started else "start"
        if stage != "start" and "start" not in reported:
            yield start(heard)
        if heard.not_finite:
            yield steps(heard)
        yield failure(attempt, stage)
        return
    if "start" not in reported:
        yield start(heard)
    if "steps" not in reported or heard.not_finite:
        yield steps(heard)
    yield _stopped(attempt)


def _stopped(attempt: Attempt) -> Finding:
    if not attempt.asked:
        begun = (
            "ended before it could be stopped, so that going on is not rehearsed"
            if attempt.resumable
            else "left no checkpoints and cannot be resumed: a run that is cut off begins anew"
        )
        return Finding("warning", "stop", begun)
    code = None if attempt.ended.exit is None else attempt.ended.exit.code
    if not attempt.resumable:
        return Finding(
            "warning", "stop", "its checkpoints vanished after SIGTERM: a run that is cut off begins anew"
        )
    if code == ExitCode.RESUMABLE:
        return Finding("ok", "stop", "exit code 75 after SIGTERM, checkpoints lie there")
    if code == 128 + 15:
        return Finding("ok", "stop", "ended by SIGTERM itself; checkpoints lie there")
    if code == 128 + 9:
        said = f"did not end within {attempt.limits.grace_seconds:.0f} s of SIGTERM and was killed"
    else:
        said = f"ended with exit code {code} after SIGTERM"
    return Finding(
        "warning", "stop", said, "on SIGTERM, save a checkpoint and exit with 75 (docs/contract.md)"
    )


def resumed(heard: Heard, before: Heard | None = None) -> Finding:
    """Return what is known of a run that was to go on.

    Args:
        heard: What it said.
        before: What the run said that was stopped, where a proof is asked for: to begin anew is then an error.
    """
    if heard.epochs and heard.epochs[0] == 1:
        return Finding(
            "error" if before is not None and before.epochs else "warning",
            "resume",
            "it began anew with epoch 1 although LOVT_BENCH_RESUME was 1",
            "go on from /output/checkpoints where that variable is 1",
        )
    if before is not None and not heard.epochs:
        return Finding(
            "warning",
            "resume",
            "it reports no epochs, so that nobody sees whether it went on or began anew",
            "report each epoch (docs/contract.md)",
        )
    return Finding("ok", "resume", f"went on with epoch {heard.epochs[0]}" if heard.epochs else "it ran on")


def second_run(attempt: Attempt, reported: set[str], before: Heard | None = None) -> Iterator[Finding]:
    """Yield what is to be said after the run that goes on and ends; see `first_run` and `resumed`."""
    over = attempt.finished or attempt.heard.trained
    if over and "resume" not in reported:
        yield resumed(attempt.heard, before)
    if attempt.heard.not_finite:
        yield steps(attempt.heard)
    if not attempt.finished:
        yield failure(attempt, "export" if over or "resume" in reported else "resume")


def checked(verdict: RunVerdict, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield what is to be said of a backbone that was looked at."""
    if verdict.verdict is not Verdict.SUCCESS:
        for reason in (verdict.reasons or [verdict.message])[:REASONS]:
            yield Finding("error", "check", reason, "docs/contract.md says what a backbone folder holds")
        return
    for each in findings:
        if each.level == "warning":
            yield Finding("warning", "check", f"{each.subject}: {each.message}", each.advice)
    passed = sum(each.level == "ok" for each in findings)
    yield Finding("ok", "check", f"the backbone follows the contract ({passed} checks)")


def failure(attempt: Attempt, stage: str) -> Finding:
    """Return the finding of a run that did not end as it was to."""
    if attempt.ended.stopped == "disk":
        return Finding("error", "space", attempt.ended.detail, "make room where the workspace lies")
    if attempt.verdict is Verdict.TIMEOUT:
        return _late(attempt, stage)
    # What follows the first semicolon is advice for a real run.
    return Finding("error", stage, attempt.message.partition(";")[0], advice(attempt))


def _late(attempt: Attempt, stage: str) -> Finding:
    heard, limit = attempt.heard, attempt.limits.seconds or attempt.ended.seconds
    silent = attempt.ended.seconds - (0.0 if heard.last is None else heard.last - heard.began)
    if silent > SILENT_SHARE * limit:
        return Finding(
            "error",
            stage,
            f"it said nothing for {silent:.0f} s and was stopped: it hangs, or takes longer than the rehearsal may",
            "--rehearse --hard-limit MINUTES gives it longer",
        )
    return Finding(
        "warning",
        stage,
        f"it was still at work after {limit:.0f} s; what comes after that is not rehearsed",
        "two steps and an export are enough where LOVT_BENCH_REHEARSAL is 1; --rehearse --hard-limit MINUTES gives "
        "it longer",
    )


def advice(attempt: Attempt) -> str:
    """Return what to do about a run that failed, as far as its last lines tell."""
    if attempt.verdict is Verdict.OUT_OF_MEMORY:
        return "--memory raises the limit"
    if attempt.verdict is Verdict.OUTPUT_TOO_LARGE:
        return "--output-limit raises it"
    if found := _NO_MODULE.search("\n".join(attempt.lines)):
        where = "the image: a RUN line of the Dockerfile" if attempt.contained else "this environment"
        return f"install what brings {found[1]} into {where}"
    if attempt.contained and wants_network(attempt.lines):
        return NO_NETWORK.removeprefix("; ")
    return ""


def space(free: int, kept: int, limits: Limits) -> Finding:
    """Return whether a real run has room.

    Args:
        free: Bytes of the file system of the output.
        kept: Bytes that the rehearsal left; a checkpoint is written beside the one before it.
        limits: Limits of the real run.
    """
    room, needed = free - limits.reserve_bytes, 2 * kept
    words = (
        f"{_size(free)} are free, {_size(limits.reserve_bytes)} stay so; a run like this keeps {_size(kept)}"
    )
    if room < 0:
        return Finding("error", "space", words, "make room: the run would be stopped at once")
    if needed > limits.output_bytes:
        return Finding(
            "warning",
            "space",
            f"{words}, at most {_size(limits.output_bytes)} may be",
            "raise --output-limit",
        )
    if room < needed:
        return Finding(
            "warning",
            "space",
            f"{words} and while it saves {_size(needed)}",
            "make room where the workspace lies",
        )
    return Finding("ok", "space", words)


def _size(count: int) -> str:
    return f"{count / 2**30:,.1f} GiB" if count >= 1 << 30 else f"{count / MIB:,.0f} MiB"
