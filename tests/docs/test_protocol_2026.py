"""docs/protocol-2026.md gives each corrected entry the reason of its file, and an effect where a task can show one."""

from __future__ import annotations

import pytest

from lovt_bench.tasks.protocol import differences, load_protocol, protocol_names
from lovt_bench.tasks.registry import load_task
from tests.bench.protocols import can_change
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "protocol-2026.md").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(("base", "name"), [("lovt-2022", "lovt-2026"), ("lovt-2026", "lovt-2026-448")])
def test_each_entry_stands_with_its_reason(base: str, name: str):
    protocol = load_protocol(name)
    rows = [line for line in PAGE if line.startswith("| `") and line.count(" | ") == 3]
    for entry in differences(load_protocol(base), protocol):
        (row,) = (
            line for line in rows if line.startswith(f"| `{entry}` |") and protocol.reasons[entry] in line
        )
        assert row.endswith(f"| {protocol.reasons[entry]} |")


def test_an_effect_stands_where_the_entry_can_change_the_task_and_nowhere_else():
    (head,) = (line for line in PAGE if line.startswith("| phantom |"))
    tasks = [load_task(cell.strip(" `")) for cell in head.strip("|").split("|")[1:]]
    table = PAGE[PAGE.index(head) + 2 :]
    rows = {line.split("`")[1]: line.strip("|").split("|")[1:] for line in table if line.startswith("| `")}
    entries = differences(load_protocol("lovt-2022"), load_protocol("lovt-2026"))
    assert rows.keys() == {"lovt-2022", *entries}, "all together were not measured under today's entries"
    for entry in entries:
        assert [bool(cell.strip()) for cell in rows[entry]] == [can_change(entry, spec) for spec in tasks], (
            entry
        )
    (said,) = (line for line in PAGE if line.startswith("No measurement reaches these entries:"))
    unreached = {entry for entry in entries if not any(cell.strip(" —") for cell in rows[entry])}
    assert {part for part in said.split("`")[1::2] if part in entries} == unreached


def test_what_is_said_to_stay_as_published_stays():
    start = PAGE.index("## What stays as published")
    section = PAGE[start : PAGE.index("## Learning rates beyond the grid")]
    said = {line.split("`")[1]: line.split("`")[3] for line in section if line.startswith("| `")}
    assert len(said) == 3
    for name in protocol_names():
        given = load_protocol(name).model_dump()
        for entry, value in said.items():
            part, _, field = entry.partition(".")
            assert given[part][field] == value
