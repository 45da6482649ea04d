"""From how a run ended to its verdict. Pure: everything that was seen goes in, a word and a sentence come out."""

from __future__ import annotations

import signal
from collections.abc import Iterable

from lovt_bench.benchmark.contract.exit_codes import ExitCode
from lovt_bench.benchmark.contract.verdict import RunVerdict, Verdict
from lovt_bench.benchmark.runtime.supervise import Ended

RESUME = "the same command with --resume goes on"
ACCEPT = "--resume --accept-changes"
MENDED = f"{RESUME}, with {ACCEPT} once code or settings are changed"
NO_NETWORK = (
    "; a container has no network: put the files that it loads into WORKSPACE/assets, or the folder of --assets, which "
    "it sees as /assets"
)
ANEW = " and left no checkpoints to go on with; the same command begins anew"

FROM_OUTSIDE = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Signals by which somebody ends a run, not the run itself."""
NETWORK_WORDS = (
    "gaierror",
    "name resolution",
    "could not resolve host",
    "name or service not known",
    "failed to resolve",
    "nameresolutionerror",
    "network is unreachable",
    "offline mode is enabled",
    "outgoing traffic has been disabled",
)
"""As resolvers, curl, urllib3, requests, pip, git and Hugging Face say it, in lower case."""


def decide(ended: Ended, *, resumable: bool) -> tuple[Verdict, str]:
    """Return the verdict before the output is looked at, and a sentence for the user.

    The harness's own reasons to end a run go before the exit code, which a stopped run may choose freely. An
    exit code of 0 counts although a child was killed for want of memory: the output decides.

    Args:
        ended: The run.
        resumable: Whether checkpoints lie in the output.
    """
    go_on = f"; {RESUME}" if resumable else ""
    mended = f"; {MENDED}" if resumable else ""
    if ended.stopped == "output":
        advice = "; --output-limit raises it" if ended.detail.endswith("MiB") else ""
        return Verdict.OUTPUT_TOO_LARGE, f"stopped: its output holds {ended.detail}{advice}{go_on}"
    if ended.stopped == "disk":
        return Verdict.INFRASTRUCTURE, f"stopped: {ended.detail} where its output lies; make room{go_on}"
    if ended.stopped == "interrupt" or (ended.stopped == "enough" and resumable):
        return Verdict.RESUMABLE, f"was cut off{_repeating(ended, go_on) or ANEW}"
    if ended.stopped == "time":
        stopped = f"stopped at the time limit after {ended.seconds:.0f} s"
        return Verdict.TIMEOUT, stopped + _repeating(ended, go_on)
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
    if code - 128 in FROM_OUTSIDE:
        return Verdict.RESUMABLE, f"was cut off by {_signal(code)}{_repeating(ended, go_on) or ANEW}"
    if code == ExitCode.BAD_CONFIGURATION:
        return (
            Verdict.BAD_CONFIGURATION,
            "ended with exit code 64: its configuration is wrong; its own messages are above" + mended,
        )
    if code == ExitCode.BAD_DATA:
        return (
            Verdict.BAD_DATA,
            "ended with exit code 65: its data are wrong or missing; its own messages are above" + mended,
        )
    return Verdict.FAILED, f"ended with {_name(code)}; its own messages are above{mended}"


def exit_code(verdict: RunVerdict) -> ExitCode:
    """Return the exit code of `lovt-bench pretrain`: 75 where the same command goes on, and nothing is to be mended."""
    if verdict.verdict is Verdict.SUCCESS:
        return ExitCode.DONE
    again = verdict.resumable and verdict.verdict in (Verdict.TIMEOUT, Verdict.INFRASTRUCTURE)
    return ExitCode.RESUMABLE if again or verdict.verdict is Verdict.RESUMABLE else ExitCode.FAILED


def wants_network(lines: Iterable[str]) -> bool:
    """Return whether the last lines of a log complain of a name or an address that cannot be reached."""
    return any(word in line.lower() for line in lines for word in NETWORK_WORDS)


def _repeating(ended: Ended, go_on: str) -> str:
    """Say from where it goes on, where a signal ended it: it may not have saved when it was asked to."""
    killed = ended.exit is not None and ended.exit.code > 128
    return f"{go_on} from its last checkpoint" if go_on and killed else go_on


def _name(code: int) -> str:
    return f"exit code {code}" + (f" ({found})" if (found := _signal(code)) else "")


def _signal(code: int) -> str:
    try:
        return signal.Signals(code - 128).name
    except ValueError:
        return ""
