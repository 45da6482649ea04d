"""Claimed numbers stand beside measured ones of the same data, and never in a ranking."""

from __future__ import annotations

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.benchmark.contract.submission import ClaimedNumber
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.descriptions import Description
from lovt_bench.leaderboard.show.as_csv import as_csv
from lovt_bench.leaderboard.show.as_markdown import as_markdown
from tests.leaderboard.records import TASKS, record_set, runs

PUBLIC = {"track": "public", "splits": "official", "profile": "paper"}


def described(**changes: object) -> Description:
    claims = {
        "covid_linear": ClaimedNumber(value=0.5, interval95=0.01),
        "nih_seg_linear": ClaimedNumber(value=0.1),
    }
    return Description.model_validate({"display_name": "Mine", "method": "Mine", "claimed": claims} | changes)


def board(records: list, **changes: object) -> Leaderboard:
    return build(record_set(records), [], tuple(TASKS.values()), {"mine": described(**changes)})


def test_a_claim_stands_beside_what_was_measured() -> None:
    (table,) = board(runs("mine", "covid_linear", [0.3, 0.4], **PUBLIC)).tables
    cell = table.rows[0].cell("covid_linear")
    assert cell
    assert cell.claimed
    assert (cell.claimed.value, cell.claimed.interval95, cell.claimed.difference) == (0.5, 0.01, -0.15)


def test_a_claim_about_real_images_says_nothing_of_phantoms() -> None:
    found = {table.kind: table for table in board(runs("mine", "covid_linear", [0.3])).tables}
    cell = found["runs"].rows[0].cell("covid_linear")
    assert cell
    assert cell.claimed is None
    assert found["claimed"].track == "public"
    on_phantom = board(runs("mine", "covid_linear", [0.3]), claimed_track="phantom").tables
    assert [table.kind for table in on_phantom] == ["runs"]
    assert on_phantom[0].rows[0].cells[0].claimed


def test_claims_alone_have_a_table_of_their_own_without_ranks() -> None:
    other = runs("other", "covid_linear", [0.1], **PUBLIC)
    measured, claimed = board(other).tables
    assert [row.id for row in measured.rows] == ["other"]
    (row,) = claimed.rows
    assert (claimed.kind, row.id, row.evidence, row.mean_rank, row.best_on) == (
        "claimed",
        "mine",
        "declared",
        None,
        0,
    )
    assert [(cell.task, cell.summary and cell.summary.mean, cell.rank, cell.best) for cell in row.cells] == [
        ("covid_linear", 0.5, None, False),
        ("nih_seg_linear", 0.1, None, False),
    ]


def test_a_cell_that_does_not_count_gives_no_difference() -> None:
    (table,) = board([*runs("mine", "covid_linear", [0.3, None], **PUBLIC)]).tables
    cell = table.rows[0].cells[0]
    assert cell.claimed
    assert (cell.status, cell.claimed.difference) == ("diverged", None)


def test_pages_say_that_it_is_claimed() -> None:
    both = board(runs("mine", "covid_linear", [0.3, 0.4], **PUBLIC))
    assert "claimed 50.0, −15.0" in as_markdown(both)
    assert ",0.5,-0.15" in as_csv(both)
    alone = board([])
    assert "· claimed, not measured" in as_markdown(alone)
