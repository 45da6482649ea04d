"""Collects the rows that parts measure and prints them as tables at the end of `make bench`."""

from __future__ import annotations

import pytest

from tests.bench.machine import Machine
from tests.bench.rows import Row, render

ROWS = pytest.StashKey[list[Row]]()
MACHINE = pytest.StashKey[Machine]()


@pytest.fixture
def measured(request: pytest.FixtureRequest, machine: Machine) -> list[Row]:
    request.config.stash[MACHINE] = machine
    return request.config.stash.setdefault(ROWS, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash.get(ROWS, [])
    if rows:
        machine = config.stash[MACHINE]
        terminalreporter.section("ratios")
        terminalreporter.write_line(f"{machine.words}\n{machine.versions}\n\n{render(rows, machine)}")
