"""Output that cannot be written or hold a character ends in no traceback, whatever the stream."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = [sys.executable, "-m", "lovt_bench.benchmark.cli.main"]
LONG = """
from lovt_bench.benchmark.cli import main, tasks
from lovt_bench.benchmark.cli.console import say, console
@tasks.tasks.command("long")
def long():
    for number in range(20000):
        say("a line", err=number % 2 == 0)
        console().print("another line")
main.main(["tasks", "long"])
"""


def run(command, shell, **environment):
    """Run a command with redirections of a shell; return its exit code and what came on standard error."""
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; "$@" {shell}', "bash", *command],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        (">/dev/full", 74, b"Error: standard output cannot be written: No space left on device.\n"),
        (">/dev/full 2>/dev/full", 74, b""),
        (">/dev/full 2>&-", 74, b""),
        (">&-", 0, b""),
        (">&- 2>&- <&-", 0, b""),
        ("2>/dev/full", 0, b""),
    ],
)
@pytest.mark.parametrize("arguments", [["tasks", "show", "9"], ["--help"], ["data", "--help"]], ids=" ".join)
def test_output_that_cannot_be_written_ends_quietly(arguments, shell, code, said):
    found = run([*PROGRAM, *arguments], shell)
    assert (found.returncode, found.stderr) == (code, said)


@pytest.mark.parametrize("shell", ["2>/dev/null | head -1", "2>&1 | head -1"])
def test_a_reader_that_goes_ends_the_command_as_sigpipe_would(shell):
    found = run([sys.executable, "-c", LONG], shell)
    assert found.returncode == 141
    assert found.stdout.count(b"\n") == 1
    assert found.stderr == b""


def test_an_error_on_a_stream_that_is_full_is_an_error_still():
    assert run([*PROGRAM, "nonsense"], "2>/dev/full").returncode == 2


def test_a_file_that_is_opened_later_is_no_standard_stream(tmp_path):
    """With standard output closed, the next file to be opened would be what everything is printed into."""
    script = f"""
from lovt_bench.benchmark.cli import main, tasks
from lovt_bench.benchmark.cli.console import say
import subprocess
@tasks.tasks.command("write")
def write():
    with open({str(tmp_path / "file")!r}, "w") as file:
        subprocess.run(["echo", "from a child"])
        say("from us")
        file.write("content")
main.main(["tasks", "write"])
"""
    assert run([sys.executable, "-c", script], ">&- 2>&- <&-").returncode == 0
    assert (tmp_path / "file").read_text() == "content"


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """A folder with one version, of the published rows."""
    root = tmp_path_factory.mktemp("built")
    (root / "results").mkdir()
    arguments = ["leaderboard", "build", "--workspace", str(root), "--out", str(root / "versions")]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    return root / "versions"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_what_a_stream_cannot_hold_is_replaced(versions, encoding):
    found = run([*PROGRAM, "leaderboard", "show", "--out", str(versions)], "", PYTHONIOENCODING=encoding)
    assert found.returncode == 0, found.stderr
    text = found.stdout.decode(encoding)
    assert "Percent, mean" in text
    assert ("±" in text) == (encoding != "ascii")
    assert ("─" in text) == (encoding == "utf-8")
