"""docs/lineage.md and docs/submissions.md tell what the tables and models have."""

from __future__ import annotations

import re

from lovt_bench.benchmark.contract.pretraining_data import vocabulary
from lovt_bench.benchmark.contract.submission import DeclaredWeights, Submission
from lovt_bench.leaderboard.board.evidence import LADDER
from lovt_bench.leaderboard.board.lineage import MARK_OF, overlaps
from tests.conftest import REPOSITORY

LINEAGE = (REPOSITORY / "docs" / "lineage.md").read_text(encoding="utf-8")
SUBMISSIONS = (REPOSITORY / "docs" / "submissions.md").read_text(encoding="utf-8")
COLUMNS = [
    "rsna",
    "siim",
    "nih-cxr",
    "covid-rural",
    "object-cxr",
    "vindr-cxr",
    "chestx-det",
    "tbx11k",
    "chexlocalize",
    "jsrt",
]
MARKS = {"†": "overlapping", "?": "unknown", "": "clean"}


def test_the_table_of_relations_is_that_of_the_marks() -> None:
    rows = re.findall(r"^\| (`[^|\n]+`) \|(.*)\|$", LINEAGE, re.MULTILINE)
    told = {
        name: {column: MARKS[text.strip()[:1]] for column, text in zip(COLUMNS, cells, strict=True)}
        for names, rest in rows
        if len(cells := rest.split("|")[:-1]) > 1
        for name in re.findall(r"`([^`]+)`", names)
    }
    for name in vocabulary().datasets:
        found = {item.dataset: item.mark for item in overlaps([name], COLUMNS)}
        assert told.get(name, dict.fromkeys(COLUMNS, "clean")) == found, name


def test_how_sure_and_what_it_marks() -> None:
    rows = dict(
        re.findall(r"^\| (confirmed|stated|suspected|none-known) \|.*\| (\w+)", LINEAGE, re.MULTILINE)
    )
    assert rows == MARK_OF


def test_fields_and_steps_are_told() -> None:
    for field in [*Submission.model_fields, *DeclaredWeights.model_fields]:
        assert f"`{field}`" in SUBMISSIONS or field == "schema_version", field
    assert re.findall(r"^\| (\w+) \| (?:there|a back|these|the har)", SUBMISSIONS, re.MULTILINE) == list(
        LADDER
    )
