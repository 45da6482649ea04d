"""Sessions of a shell in a page: blocks of ```console with lines `$ command` and what each prints.

`...` stands for anything, as in doctest; runs of blanks count as one. A command fails where what it prints begins with
`Error:`, and nowhere else.
"""

from __future__ import annotations

import doctest
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Step:
    """A command and what it prints, standard error included."""

    command: str
    expected: str


def steps(page: str) -> Iterator[Step]:
    """Yield the commands of all blocks in order; a command goes on behind a backslash at its line's end."""
    for block in re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            found = re.match(r"((?:[^\n]*\\\n)*[^\n]*)\n(.*)", part, re.DOTALL)
            assert found is not None, part
            yield Step(found[1], found[2])


def difference(step: Step, folder: Path, environment: Mapping[str, str], seconds: float) -> str | None:
    """Run a command; return what it printed where that is not what the page says, else None."""
    done = subprocess.run(
        ["bash", "-c", step.command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    same = doctest.OutputChecker().check_output(step.expected, done.stdout, FLAGS)
    if same and (done.returncode != 0) == step.expected.startswith("Error:"):
        return None
    found = f"found (exit {done.returncode}):\n{done.stdout}"
    return f"$ {step.command}\nexpected:\n{step.expected}\n{found}"
