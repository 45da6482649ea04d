"""docs/phantom.md shows what the first release holds of the phantom study."""

from __future__ import annotations

import pytest

from tests.bench import study_tables
from tests.conftest import REPOSITORY

LINES = (REPOSITORY / "docs" / "phantom.md").read_text(encoding="utf-8").splitlines()
TABLE = study_tables.study_of(REPOSITORY / "leaderboard" / "versions", "1.0.0")


@pytest.mark.parametrize("make", [study_tables.pair, study_tables.means, study_tables.intervals])
def test_its_tables_are_those_of_the_release(make) -> None:
    for line in make(TABLE).splitlines():
        assert line in LINES
