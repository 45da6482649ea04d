"""Processes apart have one parent that imports for them, and nothing else in common."""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
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


def test_an_import_that_hangs_is_told() -> None:
    with pytest.raises(ApartError, match="did not end within 1 s"):
        run_apart("tests.benchmark.contract.hangs:work", {}, Limits(20, 1, 1 << 30, 0))
    assert family()[2] == 1


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a folder of modules, which has a server of its own."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    yield tmp_path
    for key in [key for key in fork_server._servers if str(tmp_path) in key[1]]:
        fork_server._servers.pop(key).end()


def test_a_slow_import_stops_no_other_thread(place: Path) -> None:
    (place / "slow.py").write_text(
        "import pathlib, time\n"
        f"place = pathlib.Path({str(place)!r})\n"
        "(place / 'begun').touch()\n"
        "while not (place / 'go on').exists():\n"
        "    time.sleep(0.01)\n"
        "from tests.benchmark.contract.works import family as work\n"
    )
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(run_apart, "slow:work", {}, LIMITS)
        try:
            while not (place / "begun").exists():
                assert not slow.done()
                time.sleep(0.01)
            assert family()[1] == os.getpid()
        finally:
            (place / "go on").touch()
        assert slow.result().said[1] == family()[1] != os.getpid()


def test_a_file_is_not_blamed_for_the_end_of_the_server() -> None:
    with Apart(FAMILY, {}, LIMITS) as apart:
        process, server, *_ = apart.ask().said
        os.kill(server, signal.SIGKILL)
        os.kill(process, signal.SIGKILL)
        with pytest.raises(ApartError, match="why is not known, since the process that had begun it ended"):
            apart.ask()


BREAKS = """
import errno, os, sys

def once(*_):
    setattr(os, {name!r}, kept)
    raise OSError(errno.EAGAIN, "no more")

kept = getattr(os, {name!r})
if "lovt_bench.benchmark.contract.fork_server_inside" in sys.modules:
    os.{name} = once
"""
ENDS = """
import os, sys

if "lovt_bench.benchmark.contract.fork_server_inside" in sys.modules:
    os._exit(1)
"""


@pytest.mark.parametrize(
    "breaks",
    [BREAKS.format(name="fork"), BREAKS.format(name="pidfd_open"), ENDS],
    ids=["no fork", "nothing to end it by", "end of the server"],
)
def test_what_the_server_cannot_begin_is_begun_without_it(place: Path, breaks: str) -> None:
    (place / "breaks.py").write_text(f"{breaks}\nfrom tests.benchmark.contract.works import family as work\n")
    assert run_apart("breaks:work", {}, LIMITS).said[1] == os.getpid()
    _, server, *_ = family()
    assert server != os.getpid()
    assert psutil.Process(server).children() == []


@pytest.mark.parametrize("call", ["os.pidfd_open", "signal.pidfd_send_signal"])
def test_limits_hold_where_no_process_can_be_ended_by_a_file(
    monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Kernels before 5.3, and some filters of system calls."""

    def missing(*_: object) -> int:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(call, missing)
    assert family()[1] == os.getpid()
    with pytest.raises(ApartError, match="did not end within 1 s"):
        run_apart("tests.benchmark.contract.works:sleep_for_ever", {}, Limits(20, 1, 1 << 30, 0))


def test_a_server_with_too_many_open_files_goes_on_later() -> None:
    _, server, *_ = family()
    limits = resource.prlimit(server, resource.RLIMIT_NOFILE)
    resource.prlimit(server, resource.RLIMIT_NOFILE, (6, limits[1]))
    try:
        assert family()[1] == os.getpid()
    finally:
        resource.prlimit(server, resource.RLIMIT_NOFILE, limits)
    assert family()[1] == server


@pytest.mark.usefixtures("place")
def test_how_a_process_ended_is_known_to_a_caller_that_ignores_ends_of_children() -> None:
    kept = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with pytest.raises(ApartError, match=r"^broke off \(exit code -6\)"):
            run_apart("tests.benchmark.contract.works:crash", {}, LIMITS)
    finally:
        signal.signal(signal.SIGCHLD, kept)


def test_an_environment_too_large_for_a_request_costs_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    _, server, *_ = family()
    for number in range(4):
        monkeypatch.setenv(f"LARGE_{number}", "x" * 100_000)
    assert family()[1] == os.getpid()
    monkeypatch.undo()
    assert family()[1] == server


def test_many_open_files_are_in_nobody_s_way() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    with ExitStack() as kept:
        kept.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            kept.enter_context(Path(os.devnull).open())
        assert family()[2] == 1


@pytest.mark.parametrize(("threads", "gpu"), [(2, False), (1, True)])
def test_libraries_with_threads_or_a_driver_begin_anew(threads: int, gpu: bool) -> None:
    with Apart(FAMILY, {}, LIMITS, threads=threads, gpu=gpu) as apart:
        assert apart.ask().said[1] == os.getpid()


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
        # A child that ended and was not waited for has no command line: `ad_value` stands in.
        servers = [
            each
            for each in psutil.process_iter(["ppid", "cmdline"], ad_value=[])
            if each.info["ppid"] == os.getpid() and "fork_server_inside" in " ".join(each.info["cmdline"])
        ]
        assert servers
        for server in servers:
            assert "libtorch" in " ".join(each.path for each in server.memory_maps())
            assert server.num_threads() == 1
