"""Claims: one holder at a time, gone with the holder, no files left behind."""

from __future__ import annotations

import signal
import subprocess
import sys

from benchmark.executor.claim import claim


def test_a_claim_has_one_holder(tmp_path):
    with claim(tmp_path, "job") as first, claim(tmp_path, "job") as second, claim(tmp_path, "other") as other:
        assert (first, second, other) == (True, False, True)
    with claim(tmp_path, "job") as again:
        assert again
    assert list(tmp_path.iterdir()) == []


def test_a_killed_holder_leaves_its_claim_to_the_next(tmp_path):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from benchmark.executor.claim import claim\n"
        "with claim(Path(sys.argv[1]), 'job') as mine:\n    print(mine, flush=True)\n    time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    with claim(tmp_path, "job") as mine:
        assert not mine
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    with claim(tmp_path, "job") as mine:
        assert mine


def test_a_lock_on_a_file_that_was_removed_meanwhile_is_no_claim(tmp_path, monkeypatch):
    """Between opening and locking, the holder may end and remove the file, and a third may make a new one."""
    import fcntl

    lock = fcntl.flock
    done: list[bool] = []

    def late(handle, operation):
        if not done:
            done.append(True)
            (tmp_path / "job.lock").unlink()
            (tmp_path / "job.lock").touch()
        lock(handle, operation)

    monkeypatch.setattr("benchmark.executor.claim.fcntl.flock", late)
    with claim(tmp_path, "job") as mine, claim(tmp_path, "job") as other:
        assert (mine, other) == (True, False)
