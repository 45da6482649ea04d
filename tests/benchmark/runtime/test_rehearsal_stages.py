"""What is said of a run that was seen: levels, stages and advice."""

from __future__ import annotations

from typing import Any

import pytest

from lovt_bench.benchmark.contract.events import EpochEvent, LogLine, StartEvent, parse_line
from lovt_bench.benchmark.contract.run_contract import GIB, MIB, Limits
from lovt_bench.benchmark.contract.verdict import RunVerdict, Verdict
from lovt_bench.benchmark.runtime.outcome import decide
from lovt_bench.benchmark.runtime.rehearsal_heard import Heard
from lovt_bench.benchmark.runtime.rehearsal_stages import Attempt, checked, first_run, second_run, space
from lovt_bench.benchmark.runtime.supervise import Ended, Exit


def attempt(ended: Ended, *heard: Any, resumable: bool = True, contained: bool = False) -> Attempt:
    said = Heard(0.0)
    for event in heard:
        said.hear(event, 1.0)
    word, message = decide(ended, resumable=resumable)
    lines = [event.text for event in heard if isinstance(event, LogLine)]
    return Attempt(word, message, ended, said, resumable, Limits(seconds=300), contained, lines)


TRAINED = (StartEvent(epochs=2), EpochEvent(epoch=1, epochs=2))


@pytest.mark.parametrize(
    ("code", "level", "message"),
    [
        (75, "ok", "exit code 75 after SIGTERM"),
        (143, "ok", "ended by SIGTERM itself"),
        (137, "warning", "did not end within 30 s of SIGTERM and was killed"),
        (1, "warning", "ended with exit code 1 after SIGTERM"),
        (0, "warning", "ended with exit code 0 after SIGTERM"),
    ],
)
def test_how_it_ended_when_it_was_stopped(code: int, level: str, message: str) -> None:
    seen = list(first_run(attempt(Ended(Exit(code), "enough", 9.0), *TRAINED), {"start"}))
    assert [each.subject for each in seen] == ["steps", "stop"]
    assert (seen[-1].level, message in seen[-1].message) == (level, True), seen[-1]


@pytest.mark.parametrize(
    ("ended", "heard", "stage", "message", "advice"),
    [
        (Ended(None, detail="no such file"), (), "start", "entry point cannot be started: no such file", ""),
        (Ended(Exit(64)), (), "start", "its configuration is wrong", ""),
        (Ended(Exit(137, oom_killed=True)), (StartEvent(),), "steps", "out of memory", "--memory"),
        (Ended(Exit(1)), (*TRAINED, EpochEvent(epoch=2, epochs=2)), "export", "exit code 1", ""),
        (Ended(Exit(137), "disk", detail="less than 1 MiB are free"), (), "space", "less than", "make room"),
        (
            Ended(Exit(137), "output", detail="more than 9 MiB"),
            (),
            "start",
            "holds more than",
            "--output-limit",
        ),
        (
            Ended(Exit(1)),
            (LogLine("curl: (6) Could not resolve host: example.org"),),
            "start",
            "exit code 1",
            "WORKSPACE/assets",
        ),
    ],
)
def test_where_a_run_failed_and_what_to_do(
    ended: Ended, heard: tuple[Any, ...], stage: str, message: str, advice: str
) -> None:
    seen = list(first_run(attempt(ended, *heard, resumable=False, contained=True), {"start", "steps"}))
    assert [(each.level, each.subject) for each in seen] == [("error", stage)]
    assert message in seen[0].message
    assert advice in seen[0].advice
    assert "--resume" not in seen[0].message


def test_a_process_without_a_name_is_not_told_of_assets() -> None:
    line = LogLine("socket.gaierror: [Errno -2] Name or service not known")
    assert next(first_run(attempt(Ended(Exit(1)), line), set())).advice == ""


def test_a_run_that_goes_on_and_fails() -> None:
    early = list(second_run(attempt(Ended(Exit(1)), StartEvent()), set()))
    assert [(each.level, each.subject) for each in early] == [("error", "resume")]
    late = list(second_run(attempt(Ended(Exit(1)), EpochEvent(epoch=2, epochs=2)), set()))
    assert [(each.level, each.subject) for each in late] == [("ok", "resume"), ("error", "export")]


@pytest.mark.parametrize(
    ("before", "heard", "level"),
    [
        (None, (EpochEvent(epoch=1, epochs=2),), "warning"),
        (TRAINED, (EpochEvent(epoch=1, epochs=2),), "error"),
        (TRAINED, (EpochEvent(epoch=2, epochs=2),), "ok"),
        # Cut off within the first epoch, it ends that one first.
        ((StartEvent(),), (EpochEvent(epoch=1, epochs=2),), "warning"),
        (None, (), "ok"),
        (TRAINED, (), "warning"),
    ],
)
def test_a_run_that_begins_anew_proves_nothing(
    before: tuple[Any, ...] | None, heard: tuple[Any, ...], level: str
) -> None:
    stopped = None if before is None else attempt(Ended(Exit(75)), *before).heard
    seen = list(second_run(attempt(Ended(Exit(0)), *heard), set(), stopped))
    assert [(each.level, each.subject) for each in seen] == [(level, "resume")]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_a_value_that_is_not_finite_is_seen_in_what_is_no_event(value: str) -> None:
    heard = Heard(0.0)
    heard.hear(parse_line(b'{"event": "progress", "step": 1, "values": {"loss": 1.5}}'), 1.0)
    assert not heard.not_finite
    line = f'{{"event": "epoch", "epoch": 1, "values": {{"a": 1, "val/loss": {value}}}}}'
    heard.hear(parse_line(line.encode()), 1.0)
    assert heard.not_finite == "val/loss"
    assert heard.steps == 1


def test_reasons_of_a_refusal_are_errors() -> None:
    verdict = RunVerdict(
        verdict=Verdict.REJECTED, message="m", exit_code=0, runtime="process", image_digest=None, seconds=1,
        peak_memory_bytes=None, attempts=1, reasons=["one", "two"],
    )  # fmt: skip
    assert [(each.level, each.message) for each in checked(verdict, [])] == [
        ("error", "one"),
        ("error", "two"),
    ]


@pytest.mark.parametrize(
    ("free", "kept", "level"),
    [
        (GIB - 1, 0, "error"),
        (2 * GIB, 100 * MIB, "ok"),
        (2 * GIB, 600 * MIB, "warning"),
        (90 * GIB, 11 * GIB, "warning"),
        (90 * GIB, 9 * GIB, "ok"),
    ],
)
def test_room_for_a_checkpoint_beside_the_one_before_it(free: int, kept: int, level: str) -> None:
    assert space(free, kept, Limits()).level == level
