"""One file prints, and nothing that it prints is read as markup or steers a terminal."""

import ast
from pathlib import Path

import pytest
from rich.table import Table

from lovt_bench.benchmark.cli.console import console, progress, say, text_column

ROOT = Path(__file__).resolve().parents[3]
PRINTS = {
    "benchmark/cli/console.py": {"click.echo", "click.style", "Progress"},
    "benchmark/cli/streams.py": {"sys.stderr.write"},
    "benchmark/log.py": {"sys.stderr.write"},
}
"""Who may print, and how."""
PRINTING = {
    *("print", "click.echo", "click.secho", "click.style", "click.echo_via_pager", "Console", "rich.print"),
    *("Progress", "TextColumn", "sys.stdout.write", "sys.stderr.write", "Text.from_markup", "escape"),
}
ODD = "[/b] [v1] [link=file:///x]y[/link] :smile: [bold]b[/]"
FILES = [
    path for room in ("benchmark", "leaderboard", "tasks") for path in sorted((ROOT / room).rglob("*.py"))
]


def calls(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def test_no_other_file_prints():
    found = [
        f"{name}:{line} {call}"
        for path in FILES
        for call, line in calls(path)
        if call in PRINTING - PRINTS.get(name := path.relative_to(ROOT).as_posix(), set())
    ]
    assert not found


def test_a_file_that_prints_is_found(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("import click, sys\nclick.echo(1)\nprint(2, file=sys.stderr)\nConsole(width=3).print()\n")
    assert {call for call, _ in calls(path)} & PRINTING == {"click.echo", "print", "Console"}


def test_a_line_is_printed_as_it_is(capsys):
    say(f"{ODD} end", style="red")
    say("name\nError: forged", err=True)
    say("first\n\tsecond\x1b", err=True, lines=True)
    out, err = capsys.readouterr()
    assert out == f"{ODD} end\n"
    assert err == "name\\nError: forged\nfirst\n\tsecond\\x1b\n"


def test_cells_and_titles_are_printed_as_they_are(capsys):
    table = Table(title=ODD)
    table.add_column(ODD)
    table.add_row(ODD + "\x1b[2J\u202e")
    screen = console()
    screen.print(table)
    screen.print(ODD, style="bold")
    out = capsys.readouterr().out
    assert out.count(ODD) == 4
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert r"\x1b[2J\u202e" in out


def test_a_pipe_gets_whole_cells_without_colours(capsys):
    table = Table()
    for number in range(30):
        table.add_column(f"column {number}", no_wrap=True)
    table.add_row(*(f"{number} a cell that is long" for number in range(30)), style="green")
    console().print(table)
    out = capsys.readouterr().out
    assert all(f"{number} a cell that is long" in out for number in range(30))
    assert "…" not in out
    assert "\x1b" not in out


@pytest.mark.parametrize("no_color", [False, True])
def test_a_terminal_gets_styles_unless_the_user_wants_none(monkeypatch, no_color):
    class Terminal(list):
        write = list.append

        def isatty(self):
            return True

        def flush(self):
            pass

    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    say("ok \x1b[5m", style="green")
    assert "".join(terminal) == ("ok \\x1b[5m\n" if no_color else "\x1b[32mok \\x1b[5m\x1b[0m\n")


def test_a_bar_shows_names_as_they_are(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    with progress(
        "{task.description}", text_column("{task.fields[what]}", "dim"), shown_on=console(err=True)
    ) as bar:
        bar.add_task(ODD, total=2, what="[red]{x} \x1b]0;t\x07")
    err = capsys.readouterr().err
    assert ODD in err
    assert r"[red]{x} \x1b]0;t\x07" in err
