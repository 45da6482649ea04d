"""`python -m tests.benchmark.cli.broken_neighbours WORKSPACE`: what each command answers, as JSON.

In a process of its own, so that root can give up the right to read what nobody may read.
"""

from __future__ import annotations

import json
import sys

from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main

COMMANDS = {
    "build": ("leaderboard", "build", "--out", "{workspace}/versions"),
    "board": ("leaderboard", "show", "--no-published", "--out", "{workspace}/versions"),
    "list": ("submission", "list"),
    "show": ("submission", "show", "good"),
    "check": ("submission", "check", "good"),
    "evaluate": ("evaluate", "random-resnet18", "--tasks", "covid_linear"),
}


def answers(workspace: str) -> dict[str, tuple[int, str]]:
    """Return exit code and output of each command."""
    found = {}
    for name, words in COMMANDS.items():
        place = [] if name == "board" else ["--workspace", workspace]
        result = CliRunner().invoke(main, [*(word.format(workspace=workspace) for word in words), *place])
        failure = "" if isinstance(result.exception, SystemExit | None) else repr(result.exception)
        found[name] = (result.exit_code, result.output + failure)
    return found


if __name__ == "__main__":
    json.dump(answers(sys.argv[1]), sys.stdout)
