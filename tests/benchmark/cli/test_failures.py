"""What a machine or a file does wrong ends a command in a sentence, with the path, and never in a traceback."""

import errno
import fcntl
import os
import sys

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli import main as program
from lovt_bench.benchmark.cli.failures import sentence
from lovt_bench.benchmark.cli.main import main

WRITES = {
    "data phantom": ["data", "phantom", "--dataset", "covid-rural", "--images", "20", "--side", "128"],
    "data prepare": ["data", "prepare", "covid-rural", "--raw", "{raw}"],
    "corpus prepare": ["corpus", "prepare", "mimic-cxr", "--raw", "{raw}"],
    "leaderboard build": ["leaderboard", "build", "--out", "{workspace}/versions"],
    "leaderboard release": ["leaderboard", "release", "--out", "{workspace}/versions"],
    "submission new": ["submission", "new", "fresh", "--into", "{workspace}/methods"],
}
READS = {
    "data list": ["data", "list"],
    "data verify": ["data", "verify"],
    "corpus list": ["corpus", "list"],
    "corpus show": ["corpus", "show", "mine"],
    "leaderboard show": ["leaderboard", "show", "--out", "{workspace}/versions"],
    "leaderboard list": ["leaderboard", "list", "--out", "{workspace}/versions"],
    "submission list": ["submission", "list"],
    "submission check": ["submission", "check", "{workspace}/mine"],
    "evaluate": ["evaluate", "random", "--tasks", "covid_linear"],
}
ALL = WRITES | READS


def a_file(root):
    (root / "workspace").write_text("no folder")


def in_a_file(root):
    (root / "file").write_text("no folder")
    (root / "workspace").symlink_to(root / "file" / "workspace")


def a_link_to_nothing(root):
    (root / "workspace").symlink_to(root / "gone")


def links_in_a_circle(root):
    (root / "workspace").symlink_to(root / "other")
    (root / "other").symlink_to(root / "workspace")


def call(command, workspace, raw, monkeypatch):
    raw = raw / ("mimic-cxr" if command.startswith("corpus") else "covid-rural")
    monkeypatch.setenv("LOVT_BENCH_WORKSPACE", str(workspace))
    return CliRunner().invoke(main, [word.format(workspace=workspace, raw=raw) for word in ALL[command]])


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Raw files of a dataset and of a corpus."""
    root = tmp_path_factory.mktemp("raw")
    for dataset in ("covid-rural", "mimic-cxr"):
        arguments = ["data", "phantom", "--dataset", dataset, "--images", "20", "--side", "128"]
        made = CliRunner().invoke(main, [*arguments, "--workers", "1", "--out", str(root)])
        assert made.exit_code == 0, made.output
    return root


def said(result):
    """Return what was said, where it was said plainly."""
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert "Traceback" not in result.output
    assert "Errno" not in result.output
    return " ".join(result.output.split())


@pytest.mark.parametrize("place", [a_file, in_a_file, a_link_to_nothing, links_in_a_circle])
@pytest.mark.parametrize("command", ALL)
def test_a_workspace_that_cannot_be_one(command, place, raw, tmp_path, monkeypatch):
    place(tmp_path)
    workspace = tmp_path / "workspace"
    result = call(command, workspace, raw, monkeypatch)
    if command in WRITES:
        assert result.exit_code == 1
        assert str(workspace) in said(result).replace("\\", "")
    else:
        said(result)


@pytest.mark.parametrize("command", ["data prepare", "corpus prepare", "leaderboard build"])
def test_a_file_system_without_locks_is_no_other_process(command, raw, tmp_path, monkeypatch):
    def no_locks(file, operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    result = call(command, tmp_path, raw, monkeypatch)
    assert result.exit_code == 1
    assert "has no file locks (flock)" in said(result)
    assert "another process" not in said(result)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/w/a"), "/w/a: the disk is full"),
        (OSError(errno.EROFS, "Read-only file system", "/w/a"), "/w/a: the file system is read-only"),
        (OSError(errno.EIO, "Input/output error", "/w/a\nb"), r"/w/a\nb: the disk failed to read or write"),
        (OSError(errno.ESTALE, "Stale file handle", "/w/a"), "/w/a: the network file system lost the file"),
        (
            MemoryError(),
            "needs more memory than the machine or --max-memory allows: give more, have fewer --workers",
        ),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "needs more memory than the machine or"),
        (RecursionError("maximum recursion depth exceeded"), "a file is nested too deeply"),
        (EOFError("Ran out of input"), "a file ends before it should (Ran out of input)"),
        (UnicodeDecodeError("utf-8", b"caf\xe9", 3, 4, "x"), r"not text in UTF-8 (found b'\xe9')"),
        (UnicodeEncodeError("utf-8", "/data/caf\udce9", 9, 10, "x"), r"(/data/caf\udce9); rename the file"),
        (RuntimeError("a fault of ours"), None),
        (KeyError("a fault of ours"), None),
    ],
    ids=repr,
)
def test_what_is_said_of_a_failure(error, words):
    found = sentence(error)
    assert found is None if words is None else found is not None and words in found


def failing(monkeypatch, error):
    """Return what the program does where a command fails in the given way."""
    import click

    @click.command()
    def fails():
        raise error

    monkeypatch.setattr(program, "COMMANDS", {"fails": (f"{__name__}:fails", "")})
    monkeypatch.setattr(sys.modules[__name__], "fails", fails, raising=False)
    return CliRunner().invoke(main, ["fails"])


def test_a_message_that_only_repeats_what_python_says_becomes_a_sentence(monkeypatch):
    import click

    cause = PermissionError(errno.EACCES, "Permission denied", "/w/a")
    error = click.ClickException(str(cause))
    error.__cause__ = cause
    assert "/w/a: " in failing(monkeypatch, error).output
    assert "has no permission for it; ask its owner" in failing(monkeypatch, error).output


def test_a_message_cannot_steer_the_terminal(monkeypatch):
    import click

    result = failing(monkeypatch, click.ClickException("/w/\x1b]0;x\x07\u202e [/b] :smile: [Errno 5] bad"))
    assert result.output == "Error: /w/\\x1b]0;x\\x07\\u202e [/b] :smile: bad\n"


def test_ctrl_c_ends_in_a_sentence_with_the_code_of_sigint(monkeypatch):
    result = failing(monkeypatch, KeyboardInterrupt())
    assert result.exit_code == 130
    assert result.output == "\nError: cut off. What was finished before is kept.\n"


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch):
    assert isinstance(failing(monkeypatch, ZeroDivisionError("ours")).exception, ZeroDivisionError)


def test_verbose_shows_where_a_failure_came_from(tmp_path, monkeypatch, caplog):
    a_file(tmp_path)
    monkeypatch.setenv("LOVT_BENCH_WORKSPACE", str(tmp_path / "workspace"))
    with caplog.at_level("DEBUG", "lovt_bench"):
        CliRunner().invoke(main, ["-v", *WRITES["data phantom"]])
    assert any(record.exc_info for record in caplog.records)
