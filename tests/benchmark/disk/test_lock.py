"""One lock: taken by one, free when its holder is killed, open to a group; no locks at all are no other holder."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lovt_bench.benchmark.disk.lock import hold
from lovt_bench.benchmark.disk.words import explain

HOLDER = """
import sys, time
from pathlib import Path
from lovt_bench.benchmark.disk.lock import hold
with hold(Path(sys.argv[1])) as mine:
    print(mine, flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_told_and_a_later_one_gets_it(tmp_path: Path) -> None:
    lock = tmp_path / "deep" / "a.lock"
    with hold(lock) as first, hold(lock) as second:
        assert (first, second) == (True, False)
    assert not lock.exists()
    with hold(lock) as third:
        assert third


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    with hold(lock) as mine:
        assert not mine
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with hold(lock) as mine:
        assert mine


def test_who_waits_for_a_stopped_holder_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("lovt_bench.benchmark.disk.lock.PATIENCE", 0.1)
    lock = tmp_path / "a.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    holder.stdout.readline()
    holder.send_signal(signal.SIGSTOP)
    end = threading.Timer(0.5, holder.kill)
    end.start()
    with hold(lock, wait=True) as mine:
        assert mine
    assert f"{lock} is held by another process; waiting" in caplog.text
    holder.wait()
    end.join()


def test_waiting_ends_when_the_lock_is_free(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    script = HOLDER.replace("time.sleep(60)", "time.sleep(0.3)")
    holder = subprocess.Popen([sys.executable, "-c", script, str(lock)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    holder.stdout.readline()
    with hold(lock, wait=True) as mine:
        assert mine
    holder.wait()


@pytest.mark.parametrize(("umask", "mode"), [(0o002, 0o664), (0o022, 0o644), (0o077, 0o600)])
def test_permissions_follow_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        with hold(tmp_path / "a.lock"):
            assert (tmp_path / "a.lock").stat().st_mode & 0o777 == mode
    finally:
        os.umask(before)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_not_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError) as caught, hold(tmp_path / "a.lock"):
        pass
    assert caught.value.filename == str(tmp_path / "a.lock")
    assert "no file locks" in explain(caught.value)


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "a.lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError), hold(tmp_path / "a.lock"):
        pass
    assert (tmp_path / "precious").read_text() == "kept"


def test_many_holders_never_overlap(tmp_path: Path) -> None:
    script = """
import sys, time
from pathlib import Path
from lovt_bench.benchmark.disk.lock import hold
folder, done = Path(sys.argv[1]), 0
while done < 20:
    with hold(folder / "a.lock") as mine:
        if mine:
            (folder / "inside").touch(exist_ok=False)
            (folder / "inside").unlink()
            done += 1
"""
    began = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) for _ in range(3)]
    assert [one.wait() for one in began] == [0, 0, 0]
