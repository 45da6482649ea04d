"""Processes apart have one parent that imports for them, and nothing else in common."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from lovt_bench.benchmark.contract import fork_server
from lovt_bench.benchmark.contract.apart import Apart, ApartError, Limits, run_apart
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems start each process anew")
LIMITS = Limits(seconds=60, clock=120, memory=1 << 32, answer=1 << 16)
FAMILY = "tests.benchmark.contract.works:family"


def family() -> tuple[int, int, int, dict[str, str]]:
    pid, parent, changes, environment = run_apart(FAMILY, {}, LIMITS).said
    return pid, parent, changes, environment


def test_two_processes_have_one_parent_and_share_no_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMETHING", "first")
    first, parent, changes, environment = family()
    assert (changes, environment["SOMETHING"]) == (1, "first")
    monkeypatch.setenv("SOMETHING", "second")
    second, same, changes, environment = family()
    assert (changes, environment["SOMETHING"]) == (1, "second")
    assert first != second
    assert parent == same != os.getpid()
    assert not any(psutil.pid_exists(pid) for pid in (first, second))


def test_a_server_that_was_killed_is_replaced() -> None:
    _, parent, _, _ = family()
    os.kill(parent, signal.SIGKILL)
    while psutil.Process(parent).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert family()[1] != parent


def test_processes_of_one_server_end_each_for_itself() -> None:
    with Apart(FAMILY, {}, LIMITS) as first, Apart(FAMILY, {}, LIMITS) as second:
        (one, parent, *_), (other, same, *_) = first.ask().said, second.ask().said
        assert parent == same
        first.close()
        assert not psutil.pid_exists(one)
        assert psutil.pid_exists(other)


def test_an_import_that_hangs_is_told_and_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_server, "_BEGIN_SECONDS", 0.1)
    with pytest.raises(ApartError, match="did not end within 1 s"):
        run_apart("tests.benchmark.contract.hangs:work", {}, Limits(20, 1, 1 << 30, 0))
    assert family()[2] == 1


def test_processes_end_with_a_caller_that_is_killed() -> None:
    code = (
        "import time\nfrom tests.benchmark.contract.test_fork_server import FAMILY, LIMITS, Apart\n"
        "apart = Apart(FAMILY, {}, LIMITS)\nprint(*apart.ask().said[:2], flush=True)\ntime.sleep(60)"
    )
    caller = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=REPOSITORY, text=True)
    assert caller.stdout is not None
    left = [psutil.Process(int(pid)) for pid in caller.stdout.readline().split()]
    assert len(left) == 2
    caller.kill()
    caller.communicate()
    _, alive = psutil.wait_procs(left, timeout=30)
    assert alive == []


def test_a_server_that_has_nothing_to_do_ends() -> None:
    code = (
        "from lovt_bench.benchmark.contract import fork_server_inside as inside\n"
        "inside.IDLE_SECONDS = 0.0\ninside.serve()"
    )
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with own, other:
        assert (
            subprocess.run(
                [sys.executable, "-c", code], stdin=other.fileno(), timeout=60, cwd=REPOSITORY
            ).returncode
            == 0
        )
        with pytest.raises(BrokenPipeError):
            own.send(b"too late")


def test_libraries_have_no_threads_in_what_is_forked(tmp_path: Path) -> None:
    """A lock that another thread holds would stay locked for ever."""
    work = "lovt_bench.benchmark.backbone.check:check_work"
    with Apart(work, {"folder": str(tmp_path), "name": None}, LIMITS) as apart:
        assert apart.ask().said
        servers = [
            each for each in psutil.Process().children() if "fork_server_inside" in " ".join(each.cmdline())
        ]
        assert servers
        for server in servers:
            assert "libtorch" in " ".join(each.path for each in server.memory_maps())
            assert server.num_threads() == 1
