"""Every way in which a run can end has one verdict; what the harness saw goes before what the run says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.benchmark.contract.verdict import RunVerdict, Verdict
from lovt_bench.benchmark.runtime.outcome import decide, exit_code, wants_network
from lovt_bench.benchmark.runtime.supervise import Ended, Exit, Stopped

CODES = [
    (0, False, Verdict.SUCCESS),
    (0, True, Verdict.SUCCESS),
    (1, False, Verdict.FAILED),
    (1, True, Verdict.OUT_OF_MEMORY),
    (64, False, Verdict.BAD_CONFIGURATION),
    (65, False, Verdict.BAD_DATA),
    (75, False, Verdict.RESUMABLE),
    (75, True, Verdict.OUT_OF_MEMORY),
    (143, False, Verdict.RESUMABLE),
    (130, False, Verdict.RESUMABLE),
    (137, True, Verdict.OUT_OF_MEMORY),
    (137, False, Verdict.FAILED),
    (139, False, Verdict.FAILED),
]


@pytest.mark.parametrize(("code", "oom", "verdict"), CODES)
def test_exit_codes(code: int, oom: bool, verdict: Verdict):
    assert decide(Ended(Exit(code, oom)), resumable=False)[0] is verdict


STOPS: dict[Stopped, Verdict] = {
    "time": Verdict.TIMEOUT,
    "output": Verdict.OUTPUT_TOO_LARGE,
    "disk": Verdict.INFRASTRUCTURE,
}


@given(st.sampled_from(sorted(STOPS)), st.integers(0, 255), st.booleans())
def test_a_stopped_run_cannot_choose_its_verdict_by_its_exit_code(why: Stopped, code: int, oom: bool):
    assert decide(Ended(Exit(code, oom), why), resumable=False)[0] is STOPS[why]


def test_a_run_that_was_asked_to_stop_goes_on_where_it_left_checkpoints_whatever_its_exit_code():
    """A method may save on SIGTERM and end with 0: its backbone is not to be looked at yet."""
    stopped = Ended(Exit(0), "enough", 60)
    assert decide(stopped, resumable=True)[0] is Verdict.RESUMABLE
    assert decide(stopped, resumable=False)[0] is Verdict.SUCCESS


def test_a_run_that_did_not_start_has_failed_and_says_why():
    verdict, message = decide(Ended(None, detail="no such file"), resumable=False)
    assert verdict is Verdict.FAILED
    assert message == "its entry point cannot be started: no such file"


def test_going_on_is_offered_where_there_are_checkpoints():
    timeout = Ended(Exit(137), "time", 60)
    for ended in (timeout, replace(timeout, stopped=None), Ended(Exit(137, True))):
        assert "--resume" in decide(ended, resumable=True)[1]
        assert "--resume" not in decide(ended, resumable=False)[1]


@pytest.mark.parametrize(
    "ended",
    [Ended(Exit(75)), Ended(Exit(75), "interrupt"), Ended(Exit(0), "interrupt")],
)
def test_a_run_that_was_cut_off_is_promised_no_more_than_it_left(ended: Ended):
    verdict, message = decide(ended, resumable=True)
    assert verdict is Verdict.RESUMABLE
    assert message == "was cut off; the same command with --resume goes on"
    verdict, message = decide(ended, resumable=False)
    assert verdict is Verdict.RESUMABLE
    assert "--resume" not in message
    assert "begins anew" in message


@pytest.mark.parametrize(
    ("ended", "how"),
    [
        (Ended(Exit(143), "interrupt"), "was cut off"),
        (Ended(Exit(137), "interrupt"), "was cut off"),
        (Ended(Exit(143)), "was cut off by SIGTERM"),
    ],
)
def test_a_method_without_a_handler_for_sigterm_goes_on_from_its_last_checkpoint(ended: Ended, how: str):
    assert decide(ended, resumable=True) == (
        Verdict.RESUMABLE,
        f"{how}; the same command with --resume goes on from its last checkpoint",
    )
    verdict, message = decide(ended, resumable=False)
    assert verdict is Verdict.RESUMABLE
    assert message == f"{how} and left no checkpoints to go on with; the same command begins anew"


@pytest.mark.parametrize("code", [1, 64, 65, 139])
def test_once_it_is_mended_a_run_goes_on_with_its_changes(code: int):
    assert (
        "--resume --accept-changes once code or settings are changed"
        in decide(Ended(Exit(code)), resumable=True)[1]
    )
    assert "--resume" not in decide(Ended(Exit(code)), resumable=False)[1]


@pytest.mark.parametrize("word", Verdict)
@pytest.mark.parametrize("resumable", [False, True])
def test_the_exit_code_is_75_where_the_same_command_goes_on(word: Verdict, resumable: bool):
    """`until lovt-bench pretrain …` ends: what has to be mended first is no reason to call again."""
    verdict = RunVerdict(verdict=word, message="", runtime="process", resumable=resumable)
    expected = 0 if word is Verdict.SUCCESS else 1
    if word is Verdict.RESUMABLE or (resumable and word in (Verdict.TIMEOUT, Verdict.INFRASTRUCTURE)):
        expected = 75
    assert exit_code(verdict) == expected


@pytest.mark.parametrize(
    "line",
    [
        "socket.gaierror: [Errno -3] Temporary failure in name resolution",
        "curl: (6) Could not resolve host: example.org",
        "ping: example.org: Name or service not known",
        "urllib3.exceptions.NameResolutionError: <…>: Failed to resolve 'huggingface.co' ([Errno -2] …)",
        "OSError: [Errno 101] Network is unreachable",
        "Cannot reach https://huggingface.co/x: offline mode is enabled.",
    ],
)
def test_a_method_that_asks_for_a_network_is_recognised(line: str):
    assert wants_network(["Traceback (most recent call last):", line, ""])


def test_other_errors_are_no_network():
    assert not wants_network(["RuntimeError: could not resolve the shape of x", "network has 3 layers", ""])


def test_signals_have_names():
    assert "SIGSEGV" in decide(Ended(Exit(139)), resumable=False)[1]
    assert "exit code 200;" in decide(Ended(Exit(200)), resumable=False)[1]
