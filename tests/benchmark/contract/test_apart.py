"""A process apart: whatever it does, its caller gets an answer or a sentence, within the limits."""

from __future__ import annotations

import io
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.apart import Apart, ApartError, Limits
from lovt_bench.benchmark.contract.apart_inside import Answer, RefusedError, receive

LIMITS = Limits(seconds=20, clock=60, memory=1 << 30, answer=1 << 16)
WORKS = "tests.benchmark.contract.works"


Run = Callable[..., Answer]


@pytest.fixture(params=[1, 2], ids=["forked", "new"])
def threads(request: pytest.FixtureRequest) -> int:
    """Return how many threads libraries may have: with one, a process is forked on Linux."""
    return int(request.param)


@pytest.fixture
def run(threads: int) -> Run:
    def one(work: str, limits: Limits = LIMITS, **arguments: object) -> Answer:
        with Apart(f"{WORKS}:{work}", arguments, limits, threads=threads) as apart:
            return apart.ask()

    return one


def test_requests_and_answers_go_both_ways(threads: int) -> None:
    with Apart(f"{WORKS}:echo", {"greeting": "gr\u00fc\u00df Gott"}, LIMITS, threads=threads) as apart:
        assert apart.ask().said == {"greeting": "gr\u00fc\u00df Gott"}
        for size in (0, 1, 1 << 16):
            said, data = apart.ask(Answer([size], b"ab" * (size // 2)))
            assert (said, bytes(data)) == ([size], b"ba" * (size // 2))


def test_a_refusal_is_raised_again_as_clean_text(run: Run) -> None:
    with pytest.raises(RefusedError, match=r"^the file is wrong$"):
        run("refuse")


@pytest.mark.parametrize(
    ("work", "limits", "message"),
    [
        ("compute_for_ever", Limits(1, 60, 1 << 30, 0), "^took more than 1 s of computing"),
        ("sleep_for_ever", Limits(20, 1, 1 << 30, 0), "^did not end within 1 s"),
        ("take_memory", Limits(20, 60, 1 << 28, 0), r"^broke off \(MemoryError\): out of memory"),
        ("crash", LIMITS, "^broke off"),
        ("answer_much", LIMITS, "^broke off"),
        ("no_such_work", LIMITS, r"^broke off \(AttributeError"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit no memory")
def test_what_takes_too_much_ends_in_a_sentence(run: Run, work: str, limits: Limits, message: str) -> None:
    with pytest.raises(ApartError, match=message):
        run(work, limits)


def test_a_signal_while_a_limit_begins_leaves_no_timer_that_an_end_waits_for(
    monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    timers = []

    class Interrupted(threading.Timer):
        def start(self) -> None:
            super().start()
            timers.append(self)
            raise KeyboardInterrupt

    monkeypatch.setattr(threading, "Timer", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run("echo", greeting="")
    (timer,) = timers
    timer.join(10)
    assert not timer.is_alive()


def test_it_fills_no_disk_and_dumps_no_core(tmp_path: Path, run: Run) -> None:
    assert run("write_much", path=str(tmp_path / "file")).said == "File too large"
    assert (tmp_path / "file").stat().st_size <= 1 << 16
    assert run("core_limit").said == 0


def test_nothing_is_imported_from_where_the_caller_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """Somebody downloads a checkpoint with a `json.py` beside it, and calls from there."""
    (tmp_path / "json.py").write_text("open('ran', 'w')")
    monkeypatch.chdir(tmp_path)
    assert "" not in run("modules").said
    assert not (tmp_path / "ran").exists()


def message(said: bytes, data: int = 0, *, claims: int | None = None) -> bytes:
    return struct.pack("<QQ", len(said) if claims is None else claims, data) + said + bytes(data)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 15,
        message(b"{}")[:-1],
        message(b"{}", 9),
        message(b"{}", claims=1 << 60),
        message(b"[" * 200_000),
        message(b"no JSON"),
        message(b"\xff\xfe"),
    ],
    ids=[
        "nothing",
        "half a head",
        "cut off",
        "too much",
        "claims too much",
        "too deep",
        "no JSON",
        "no text",
    ],
)
def test_what_is_no_message_is_an_end(content: bytes) -> None:
    """Whoever took over the process can write anything."""
    with pytest.raises(EOFError):
        receive(io.BytesIO(content), most=8)
