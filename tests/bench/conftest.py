"""Collects the seconds of each (kind of task, engine) and prints their ratio at the end of `make bench`."""

from __future__ import annotations

import pytest

KEY = pytest.StashKey[dict[tuple[str, str], float]]()


@pytest.fixture
def seconds(request: pytest.FixtureRequest) -> dict[tuple[str, str], float]:
    return request.config.stash.setdefault(KEY, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    measured = config.stash.get(KEY, {})
    kinds = sorted({kind for kind, _ in measured})
    if not kinds:
        return
    terminalreporter.section("fast engine against reference engine")
    terminalreporter.write_line(f"{'kind of task':<24}{'reference':>12}{'fast':>12}{'ratio':>9}")
    for kind in kinds:
        plain, fast = measured.get((kind, "reference")), measured.get((kind, "fast"))
        ratio = f"{plain / fast:8.1f}x" if plain and fast else "       -"
        cells = "".join(f"{value:>10.2f} s" if value else f"{'-':>12}" for value in (plain, fast))
        terminalreporter.write_line(f"{kind:<24}{cells}{ratio:>9}")
