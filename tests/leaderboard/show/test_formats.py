"""Every rendering of a version: valid, complete, and harmless whatever a submission calls itself."""

from __future__ import annotations

import csv
import io
import json

import jsonschema
import pytest

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.descriptions import Description
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.show.as_csv import HEADER, NETWORK, as_csv
from lovt_bench.leaderboard.show.as_json import as_json, json_schema
from lovt_bench.leaderboard.show.as_markdown import as_markdown
from lovt_bench.leaderboard.text import clean
from tests.leaderboard.records import TASKS, record_set, runs
from tests.leaderboard.test_text import HOSTILE


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    records = [
        *runs("hostile", "covid_linear", [0.5, 0.7]),
        *runs("random", "covid_linear", [0.1, 0.2]),
        *runs("random", "nih_seg_linear", [0.3, None]),
        *runs("formula", "nih_seg_linear", [0.3]),
        *runs("formula", "covid_linear", [0.3, 0.3]),
    ]
    descriptions = {
        "hostile": Description(display_name=clean(HOSTILE), method="x"),
        "formula": Description(display_name="=cmd|'/c calc'!A1", method="=1+1"),
    }
    return build(record_set(records), load_published(), tuple(TASKS.values()), descriptions)


def test_json_follows_the_schema_beside_it(board: Leaderboard) -> None:
    schema = json.loads(json_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(as_json(board)), schema)


@pytest.mark.parametrize(
    "change", [{"version": "A/B"}, {"tables": [{"id": "x"}]}, {"extra": 1}, {"updated": 3}]
)
def test_the_schema_refuses_what_the_model_refuses(board: Leaderboard, change: dict[str, object]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(as_json(board)) | change, json.loads(json_schema()))


def test_json_reads_back_as_the_same_version(board: Leaderboard) -> None:
    assert Leaderboard.model_validate_json(as_json(board)) == board


def test_csv_has_a_line_for_each_cell_at_full_precision(board: Leaderboard) -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(board))))
    assert list(lines[0]) == [*HEADER, *NETWORK]
    cells = {
        (table.id, row.id, cell.task): cell
        for table in board.tables
        for row in table.rows
        for cell in row.cells
    }
    assert len(lines) == len(cells) == 288 + 5
    for line in lines:
        summary = cells[line["table"], line["submission"], line["task"]].summary
        known = line["architecture"] == "resnet50"
        assert (line["family"], line["patch"], line["gmac"]) == (
            ("CNN", "", "4.087") if known else ("", "", "")
        )
        assert line["mean"] == (repr(summary.mean) if summary else "")


def test_csv_starts_no_formula(board: Leaderboard) -> None:
    values = [value for line in csv.reader(io.StringIO(as_csv(board))) for value in line]
    assert not [value for value in values if value[:1] in ("=", "+", "-", "@")]


def test_markdown_shows_a_hostile_name_as_text(board: Leaderboard) -> None:
    page = as_markdown(board)
    assert "<script" not in page
    assert "https://evil" not in page
    assert "&#60;script&#62;" in page


def test_markdown_tables_keep_their_columns_whatever_the_names_are(board: Leaderboard) -> None:
    """A bar in a name would shift every number to the next task."""
    widths: list[int] = []
    for line in [*as_markdown(board).splitlines(), ""]:
        if line.startswith("|"):
            widths.append(line.count("|"))
        elif widths:
            assert len(set(widths)) == 1
            widths = []


def test_markdown_blocks_hold_at_most_six_tasks(board: Leaderboard) -> None:
    tables = [line for line in as_markdown(board).splitlines() if line.startswith("|")]
    assert max(line.count("|") for line in tables) == 6 + 2


def test_markdown_shows_best_second_interval_and_claims(board: Leaderboard) -> None:
    page = as_markdown(board)
    assert "**60.0 (too few runs)**" in page
    assert "*30.0 ± 0.0*" in page
    assert "LoVT best on 10 of 18 tasks" in page
    assert "**46.3 ± 0.0**" in page


def test_markdown_says_what_does_not_count(board: Leaderboard) -> None:
    page = as_markdown(board)
    assert "diverged 1/2" in page
    assert "30.0 (1/2)" in page


def test_every_part_of_a_phantom_table_is_marked(board: Leaderboard) -> None:
    """Blocks are copied out of pages; each says by itself that the images are synthetic."""
    page = as_markdown(board)
    section = page[page.index("## Phantom") :]
    captions = [line for line in section.splitlines() if line.startswith("**") and not line.startswith("**6")]
    assert len(captions) == 4, "the rows that are finished, and those that are not"
    assert all("phantom" in line for line in captions)


def test_an_empty_version_is_a_page(board: Leaderboard) -> None:
    empty = build(record_set([]), [], tuple(TASKS.values()))
    assert "No runs yet" in as_markdown(empty)
    assert as_csv(empty).count("\n") == 1
