"""From how a run ended to its verdict. Pure: everything that was seen goes in, a word and a sentence come out."""

from __future__ import annotations

import signal

from benchmark.contract.exit_codes import ExitCode
from benchmark.contract.verdict import Verdict
from benchmark.runtime.supervise import Ended

RESUME = "the same command with --resume goes on"
ANEW = " and left no checkpoints to go on with; the same command begins anew"


def decide(ended: Ended, *, resumable: bool) -> tuple[Verdict, str]:
    """Return the verdict before the output is looked at, and a sentence for the user.

    The harness's own reasons to end a run go before the exit code, which a stopped run may choose freely. An
    exit code of 0 counts although a child was killed for want of memory: the output decides.

    Args:
        ended: the run.
        resumable: whether checkpoints lie in the output.
    """
    go_on = f"; {RESUME}" if resumable else ""
    if ended.stopped == "output":
        advice = "; --output-limit raises it" if ended.detail.endswith("MiB") else ""
        return Verdict.OUTPUT_TOO_LARGE, f"stopped: its output holds {ended.detail}{advice}"
    if ended.stopped == "disk":
        return Verdict.INFRASTRUCTURE, f"stopped: {ended.detail} where its output lies; make room{go_on}"
    if ended.stopped == "interrupt":
        return Verdict.RESUMABLE, f"was cut off{go_on or ANEW}"
    if ended.stopped == "time":
        return Verdict.TIMEOUT, f"stopped at the time limit after {ended.seconds:.0f} s{go_on}"
    if ended.exit is None:
        return Verdict.FAILED, f"its entry point cannot be started: {ended.detail}"
    code = ended.exit.code
    if code == ExitCode.DONE:
        return Verdict.SUCCESS, "ended well"
    if ended.exit.oom_killed:
        return (
            Verdict.OUT_OF_MEMORY,
            f"ran out of memory (exit code {code}); --memory raises the limit{go_on}",
        )
    if code == ExitCode.RESUMABLE:
        return Verdict.RESUMABLE, f"was cut off{go_on or ANEW}"
    if code == ExitCode.BAD_CONFIGURATION:
        return (
            Verdict.BAD_CONFIGURATION,
            "ended with exit code 64: its configuration is wrong; its own messages are above",
        )
    if code == ExitCode.BAD_DATA:
        return (
            Verdict.BAD_DATA,
            "ended with exit code 65: its data are wrong or missing; its own messages are above",
        )
    return Verdict.FAILED, f"ended with {_name(code)}; its own messages are above{go_on}"


def _name(code: int) -> str:
    if code > 128:
        try:
            return f"exit code {code} ({signal.Signals(code - 128).name})"
        except ValueError:
            pass
    return f"exit code {code}"
