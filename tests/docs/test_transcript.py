"""Sessions of a page are read and held to what is printed, exit codes included."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.docs.transcript import Step, difference, steps


def test_commands_go_on_behind_a_backslash_and_end_with_their_block() -> None:
    page = "```console\n$ one \\\n  more\nsaid\n$ two\n```\n\n```\n$ none\n```\n"
    assert list(steps(page)) == [Step("one \\\n  more", "said\n"), Step("two", "")]


@pytest.mark.parametrize(
    ("command", "expected", "same"),
    [
        ("echo one; echo two", "...two\n", True),
        ("echo one", "two\n", False),
        ("echo one; exit 1", "one\n", False),
        ("echo 'Error: one'; exit 1", "Error: ...\n", True),
        ("echo 'Error: one'", "Error: ...\n", False),
    ],
)
def test_what_is_printed_and_how_it_ends_count(
    command: str, expected: str, same: bool, tmp_path: Path
) -> None:
    assert (difference(Step(command, expected), tmp_path, os.environ, 60) is None) is same
