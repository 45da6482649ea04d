"""Ctrl-C and SIGTERM end a command in good order."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.runtime.interruption import interruptible

SIGNALS = [signal.SIGTERM, signal.SIGINT]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_interrupts_the_block_and_the_handlers_come_back(number):
    before = [signal.getsignal(one) for one in SIGNALS]
    with pytest.raises(KeyboardInterrupt), interruptible():
        os.kill(os.getpid(), number)
    assert [signal.getsignal(one) for one in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_a_library_that_ends_the_process_then_is_an_interruption_too(number):
    """Lightning does so: it answers KeyboardInterrupt by `exit(1)`."""

    def library():
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt:
            sys.exit(1)

    with pytest.raises(KeyboardInterrupt), interruptible():
        library()


def test_an_end_without_a_signal_is_none():
    with pytest.raises(SystemExit), interruptible():
        sys.exit(1)


@pytest.mark.parametrize("number", SIGNALS)
def test_serving_ends_quietly(tmp_path, number):
    (tmp_path / "results").mkdir()
    versions = str(tmp_path / "versions")
    arguments = ["leaderboard", "build", "--workspace", str(tmp_path), "--out", versions]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    command = [
        sys.executable,
        "-m",
        "lovt_bench.benchmark.cli.main",
        "leaderboard",
        "serve",
        "--port",
        "0",
        "--out",
        versions,
    ]
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        assert server.stdout is not None
        assert "(Ctrl+C ends it)" in server.stdout.readline()
        server.send_signal(number)
        rest, _ = server.communicate(timeout=30)
    assert (server.returncode, rest) == (0, "")
