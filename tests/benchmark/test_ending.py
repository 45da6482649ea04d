from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ABORTS_AT_EXIT = """
import atexit, ctypes, sys
from lovt_bench.benchmark.ending import end
libc = ctypes.CDLL(None)
libc.__cxa_atexit(ctypes.cast(libc.abort, ctypes.c_void_p), None, None)
atexit.register(lambda: sys.stdout.write("handled"))
sys.stdout.write("done, ")
"""


@pytest.mark.parametrize(
    ("last", "code"), [("sys.exit(0)", -6), ("end(0)", 0), ("end(None)", 0), ("end(75)", 75)]
)
def test_a_library_that_aborts_at_exit_does_not_turn_a_finished_process_into_a_failed_one(
    last: str, code: int
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ABORTS_AT_EXIT + last], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout if code >= 0 else "") == (
        code,
        "done, handled" if code >= 0 else "",
    )


def test_output_that_cannot_be_written_is_a_failure_as_at_any_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    last = "from lovt_bench.benchmark.ending import end; print('lost'); end(0)"
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", last], stdout=full, stderr=subprocess.DEVNULL, check=False
        )
    assert ended.returncode == 120


def test_a_reason_is_told_and_ends_with_one() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "from lovt_bench.benchmark.ending import end; end('no room')"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (1, "no room\n")
