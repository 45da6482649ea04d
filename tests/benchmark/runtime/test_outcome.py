"""Every way in which a run can end has one verdict; what the harness saw goes before what the run says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.contract.verdict import Verdict
from benchmark.runtime.outcome import decide
from benchmark.runtime.supervise import Ended, Exit, Stopped

CODES = [
    (0, False, Verdict.SUCCESS),
    (0, True, Verdict.SUCCESS),
    (1, False, Verdict.FAILED),
    (1, True, Verdict.OUT_OF_MEMORY),
    (64, False, Verdict.BAD_CONFIGURATION),
    (65, False, Verdict.BAD_DATA),
    (75, False, Verdict.RESUMABLE),
    (75, True, Verdict.OUT_OF_MEMORY),
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
    "ended", [Ended(Exit(75)), Ended(Exit(137), "interrupt"), Ended(Exit(0), "interrupt")]
)
def test_a_run_that_was_cut_off_is_promised_no_more_than_it_left(ended: Ended):
    verdict, message = decide(ended, resumable=True)
    assert verdict is Verdict.RESUMABLE
    assert message == "was cut off; the same command with --resume goes on"
    verdict, message = decide(ended, resumable=False)
    assert verdict is Verdict.RESUMABLE
    assert "--resume" not in message
    assert "begins anew" in message


def test_signals_have_names():
    assert "SIGSEGV" in decide(Ended(Exit(139)), resumable=False)[1]
    assert "exit code 200;" in decide(Ended(Exit(200)), resumable=False)[1]
