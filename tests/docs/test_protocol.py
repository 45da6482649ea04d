"""docs/protocol.md mentions every entry, every value that it may take, and the one that is in force."""

from __future__ import annotations

from typing import Literal, get_args, get_origin

import pytest
import yaml

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.tasks.protocol import PROTOCOLS
from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "docs" / "protocol.md").read_text(encoding="utf-8")
ROWS = {line.split("`")[1]: line for line in TEXT.splitlines() if line.startswith("| `")}

FILE = yaml.safe_load((PROTOCOLS / "lovt-2022.yaml").read_text())
SECTIONS = [name for name, value in FILE.items() if isinstance(value, dict)]
ENTRIES = [f"{section}.{entry}" for section in SECTIONS for entry in FILE[section]]


def test_the_document_lists_the_entries_of_the_file_and_no_other():
    assert sorted(ROWS) == sorted(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_row_says_what_where_from_and_both_values(entry: str):
    section, name = entry.split(".")
    _, _, meaning, published, corrected, source, _ = (cell.strip() for cell in ROWS[entry].split("|"))
    assert len(meaning) > 5
    assert source.startswith(("E ", "D"))
    model = Protocol.model_fields[section].annotation
    assert model is not None
    annotation = model.model_fields[name].annotation
    value = FILE[section][name]
    if get_origin(annotation) is Literal:
        options = get_args(annotation)
        assert published == f"`{value}`"
        assert {published, corrected} == {f"`{option}`" for option in options}
    elif isinstance(value, bool):
        assert published == f"`{str(value).lower()}`"
    elif isinstance(value, int | float):
        assert float(published.split("`")[1]) == float(value)


@pytest.mark.parametrize("number", FILE["runs"]["final_seeds"])
def test_the_five_seeds_are_the_first_deviation(number: int):
    first = TEXT[TEXT.index("## Deviations") :].splitlines()[2]
    assert first.startswith("1. **Five seeds.**")
    low, high = FILE["runs"]["final_seeds"][0], FILE["runs"]["final_seeds"][-1]
    assert f"{low} to {high}" in first
    assert low <= number <= high
