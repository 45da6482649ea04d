"""Sources of a build: whatever a version depends on is in them, and nothing else counts when it is rebuilt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.leaderboard import OverlapMark
from lovt_bench.leaderboard.board import lineage as lineage_module
from lovt_bench.leaderboard.board.lineage import Relation, lineage
from lovt_bench.leaderboard.board.published import FOLDER
from lovt_bench.leaderboard.board.records import RecordSet
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.sources import Frozen, Sources, gather
from lovt_bench.leaderboard.releases.store import keep
from tests.leaderboard.records import TASKS


def published_only(tmp_path: Path, relations: list[Relation]) -> Sources:
    frozen = Frozen(tasks=list(TASKS.values()), lineage=relations)
    return gather(RecordSet(), tmp_path / "results", tmp_path, frozen, FOLDER)


def marks(given: Sources) -> set[OverlapMark]:
    rows = given.board("dev").tables[0].rows
    return {overlap.mark for row in rows if row.method == "LoVT" for overlap in row.overlaps}


def test_published_rows_are_marked_by_the_lineage_of_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that is added to the table later must not make every old release rebuild otherwise."""
    before = published_only(tmp_path, list(lineage()))
    assert marks(before) == {"clean"}
    later = [replace_sure(line) for line in lineage()]
    monkeypatch.setattr(lineage_module, "lineage", lambda: tuple(later))
    assert marks(before) == {"clean"}
    assert marks(replace(before, frozen=before.frozen.model_copy(update={"lineage": None}))) == {"unknown"}


def replace_sure(line: Relation) -> Relation:
    return line.model_copy(update={"sure": "suspected"})


def test_an_input_that_is_damaged_in_the_store_is_not_built_upon(tmp_path: Path) -> None:
    """A release must not name bytes that nobody can get back."""
    sha256 = keep(tmp_path, b"records")
    (tmp_path / "inputs" / f"{sha256}.gz").write_bytes(b"")
    with pytest.raises(LeaderboardError, match=r"damaged|something else"):
        keep(tmp_path, b"records")
