"""From records to a version: one pure function, the same bytes for the same records."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from lovt_bench.benchmark.contract.leaderboard import Leaderboard, Table
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.build import build, table_ids
from lovt_bench.leaderboard.board.contradictions import Contradiction
from lovt_bench.leaderboard.board.descriptions import Description
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.board.records import RecordSet
from lovt_bench.leaderboard.board.selection import group_key
from lovt_bench.leaderboard.show.rendering import render
from lovt_bench.leaderboard.show.terminal import render as render_in_terminal
from tests.leaderboard.records import TASKS, digest, record, record_set, runs

SPECS = tuple(TASKS.values())
EXPECTED = {(digest("lovt-2022"), digest("demo")): 2, (digest("lovt-2022"), digest("paper")): 5}
TWO_TASKS = ("covid_linear", "rsna_frozen_1")


def built(records: list[RunRecord], descriptions: dict[str, Description] | None = None) -> Leaderboard:
    return build(record_set(records), [], SPECS, descriptions, EXPECTED)


def only_table(records: list[RunRecord], descriptions: dict[str, Description] | None = None) -> Table:
    (table,) = built(records, descriptions).tables
    return table


def two_rows() -> list[RunRecord]:
    values = {"random": (0.1, 0.3), "imagenet": (0.4, 0.6)}
    return [item for name, pair in values.items() for task in TWO_TASKS for item in runs(name, task, pair)]


def test_a_cell_is_the_mean_of_its_runs() -> None:
    table = only_table(two_rows())
    best, other = table.rows
    assert (best.id, best.mean_rank, best.best_on, best.complete) == ("imagenet", 1.0, 2, True)
    assert (other.id, other.mean_rank, other.best_on, other.complete) == ("random", 2.0, 0, True)
    cell = other.cells[0]
    assert cell.summary is not None
    assert cell.summary.mean == pytest.approx(0.2)
    assert cell.summary.std == pytest.approx(0.2 / 2**0.5)
    assert [(run.seed, run.value) for run in cell.runs] == [(12345, 0.1), (12346, 0.3)]


def test_every_run_of_a_cell_is_named_by_its_key() -> None:
    records = two_rows()
    table = only_table(records)
    assert {run.key for row in table.rows for cell in row.cells for run in cell.runs} == {
        item.key for item in records
    }


def test_every_file_read_is_named_by_its_digest() -> None:
    inputs = built(two_rows()).inputs
    assert [file.path for file in inputs] == sorted(file.path for file in inputs)
    assert {file.sha256 for file in inputs} == {digest(file.path) for file in inputs}
    assert sum(file.records for file in inputs) == len(two_rows())


def test_columns_stand_by_number_and_only_tasks_with_results() -> None:
    table = only_table(two_rows())
    assert [column.number for column in table.columns] == [4, 12]
    assert "2 of 18 tasks have results" in table.notes[-1]


def test_fewer_runs_than_the_profiles_make_a_partial_cell() -> None:
    table = only_table(
        [*runs("random", "covid_linear", [0.1]), *runs("imagenet", "covid_linear", [0.1, 0.2])]
    )
    cells = {row.id: row.cells[0] for row in table.rows}
    assert cells["random"].status == "partial"
    assert cells["random"].summary is not None
    assert cells["random"].summary.runs == 1
    assert cells["imagenet"].status == "complete"


def test_one_diverged_run_makes_the_cell_diverged() -> None:
    table = only_table(
        [*runs("random", "covid_linear", [0.9, None]), *runs("imagenet", "covid_linear", [0.1, 0.2])]
    )
    cells = {row.id: row.cells[0] for row in table.rows}
    assert cells["random"].status == "diverged"
    assert [run.value for run in cells["random"].runs] == [0.9, None]
    assert [row.id for row in table.rows] == ["imagenet", "random"]
    assert cells["imagenet"].best


def test_a_cell_whose_every_run_diverged_has_no_summary() -> None:
    assert only_table(runs("random", "covid_linear", [None, None])).rows[0].cells[0].summary is None


def test_phantom_and_public_results_stand_in_tables_of_their_own() -> None:
    paper = {"splits": "official", "profile": "paper", "profile_sha256": digest("paper")}
    public = runs("random", "covid_linear", [0.9] * 5, track="public", **paper)
    tables = built([*two_rows(), *public]).tables
    assert [(table.track, table.splits, len(table.rows)) for table in tables] == [
        ("public", "official", 1),
        ("phantom", "seeded", 2),
    ]
    assert "may be read beside it" in tables[0].statement
    assert "synthetic" in tables[1].title
    assert "say nothing about real X-rays" in tables[1].statement


def test_an_edited_protocol_of_the_same_name_claims_no_comparison() -> None:
    edited = record(track="public", splits="official", profile="paper", protocol_sha256=digest("edited"))
    assert "not comparable" in only_table([edited]).statement


def test_seeded_splits_say_so() -> None:
    table = only_table([record(track="public")])
    assert "seeded splits" in table.title
    assert "not comparable with published numbers" in table.statement


def test_tables_of_one_name_are_told_apart_by_a_digest() -> None:
    tables = built([record(), record(profile_sha256=digest("edited"))]).tables
    assert len({table.id for table in tables}) == 2
    assert len({table.title for table in tables}) == 2


def test_hostile_names_of_protocol_and_profile_break_nothing() -> None:
    board = built([record(protocol="<b>\n../../x", profile="|" * 100)])
    assert "\n" not in board.tables[0].title


def test_two_submissions_of_one_display_name_are_told_apart() -> None:
    """A newcomer that calls itself LoVT must not be taken for it."""
    lovt = Description(display_name="LoVT", method="LoVT")
    table = only_table(two_rows(), {"random": lovt, "imagenet": Description(display_name="lovt", method="x")})
    assert sorted(row.display_name for row in table.rows) == ["LoVT (random)", "lovt (imagenet)"]


def test_the_newest_run_shown_dates_the_version() -> None:
    records = [*runs("a", "covid_linear", [0.1], finished="2026-05-01T12:00:00+02:00"), record("b")]
    assert built(records).updated == "2026-05-01T10:00:00Z"
    assert built([]).updated is None


def test_further_metrics_of_a_task_come_along() -> None:
    test = {"mAP": 0.1, "mAP@0.5": 0.3, "mAP@0.75": 0.0, "unasked": 0.5}
    extra = only_table([record(task="rsna_frozen_1", test=test)]).rows[0].cells[0].extra
    assert {name: summary.mean for name, summary in extra.items()} == {"mAP@0.5": 0.3, "mAP@0.75": 0.0}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c"]),
            st.sampled_from(TWO_TASKS),
            st.integers(0, 2),
            st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0])),
            st.sampled_from(["phantom", "public"]),
            st.sampled_from(["old", "new"]),
            st.sampled_from(["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]),
        ),
        max_size=25,
        unique_by=lambda item: (item[:3], item[4:6]),
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60, deadline=None)
def test_the_order_of_records_does_not_matter(
    items: list[tuple[str, str, int, float | None, str, str, str]], shuffler: random.Random
) -> None:
    records = [
        record(name, task, value, seed=seed, track=track, dataset_sha256=digest(store), finished=moment)
        for name, task, seed, value, track, store, moment in items
    ]
    shuffled = list(records)
    shuffler.shuffle(shuffled)
    board = built(records)
    assert built(shuffled).to_json() == board.to_json()
    for table in board.tables:
        ranks = [row.mean_rank for row in table.rows if row.mean_rank is not None]
        assert sum(ranks) == pytest.approx(len(ranks) * (len(ranks) + 1) / 2)
        assert {run.key for row in table.rows for cell in row.cells for run in cell.runs} <= {
            item.key for item in records if item.track == table.track
        }


def test_tables_are_found_by_part_of_their_id() -> None:
    board = build(record_set(two_rows()), load_published(), SPECS)
    assert [table.id for table in table_ids(board, "published")] == ["published-lovt-2022"]
    assert [table.id for table in table_ids(board, "phantom-seeded-demo-lovt-2022")] == [
        "phantom-seeded-demo-lovt-2022"
    ]
    assert len(table_ids(board, "")) == 2
    assert table_ids(board, "nothing") == []


def test_building_needs_no_torch() -> None:
    """A page is built in a second; importing torch alone takes longer."""
    code = (
        "import sys\n"
        "from lovt_bench.leaderboard.board.build import build\n"
        "from lovt_bench.leaderboard.board.published import load_published\n"
        "from lovt_bench.leaderboard.board.records import RecordSet\n"
        "from lovt_bench.leaderboard.show.rendering import FORMATS\n"
        "from lovt_bench.tasks.registry import load_tasks\n"
        "board = build(RecordSet(), load_published(), load_tasks())\n"
        "texts = [render(board) for render in FORMATS.values()]\n"
        "assert len(board.tables[0].rows) == 16\n"
        "print([name for name in ('torch', 'torchvision', 'scipy.stats') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_nothing_at_all_is_a_version_without_tables() -> None:
    assert build(RecordSet(), [], SPECS).tables == []


def test_nothing_is_best_where_tables_show_zero_for_every_row() -> None:
    """A head that found nothing in one run of four thousand images is not bold over one that found nothing at all."""
    zero = {
        "random": (0.0, 0.0),
        "imagenet": (0.0004, 0.0002),
        "other": (0.0001, 0.0001),
        "gone": (None, None),
    }
    equal = dict.fromkeys(zero, (0.25, 0.25))
    records = [
        item
        for task, rows in (("rsna_frozen_1", zero), ("covid_linear", equal))
        for name, values in rows.items()
        for item in runs(name, task, values)
    ]
    board = built(records)
    (table,) = board.tables
    assert not any(cell.best or cell.second for row in table.rows for cell in row.cells)
    assert [row.best_on for row in table.rows] == [0, 0, 0, 0]
    assert [count.best_on for count in table.methods] == [0, 0, 0, 0]
    assert table.analysis is not None
    assert table.analysis.differences == []
    assert table.analysis.statements[0] == "No row is best on any task: there is nothing to compare."
    files = {name: content.decode() for name, content in render(board).items() if not name.endswith(".png")}
    assert "0.0 ± 0.0" in files["leaderboard.md"]
    assert not re.search(r"\*[0-9.]+ ± [0-9.]+\*", files["leaderboard.md"])
    assert not re.search(r"\\(textbf|underline)\{\$?[0-9]", files["leaderboard.tex"])
    assert "is best" not in files["leaderboard.tex"]
    assert {line["best"] for line in csv.DictReader(io.StringIO(files["leaderboard.csv"]))} == {"0"}
    assert not re.search(r'<td class="(best|second)"', files["index.html"])
    shown = io.StringIO()
    console = Console(file=shown, width=100)
    for part in render_in_terminal(table, 100, plain=True):
        console.print(part)
    assert not re.search(r"[0-9][*+]", shown.getvalue())


def test_a_contradiction_stands_beside_its_row_in_every_format() -> None:
    other = runs("random", "covid_linear", [0.3, 0.4], profile="paper", profile_sha256=digest("paper"))
    here = group_key(two_rows()[0])
    found = [
        Contradiction(
            track="phantom", submission="random", task="covid_linear", group=here, text="It is <b>bad</b>."
        ),
        Contradiction(track="public", submission="imagenet", text="Another track."),
    ]
    board = build(record_set([*two_rows(), *other]), [], SPECS, expected_runs=EXPECTED, contradictions=found)
    demo, paper = sorted(board.tables, key=lambda table: table.profile)
    said = "covid_linear: It is <b>bad</b>."
    assert {row.id: row.contradictions for row in demo.rows} == {"random": [said], "imagenet": []}
    assert not any(row.contradictions for row in paper.rows), "records of another profile are other records"
    assert f"Contradiction: random, {said}" in demo.notes
    assert board.notes == ["Contradiction: imagenet: Another track."], "no table has a row for it"
    files = {name: content.decode() for name, content in render(board).items() if not name.endswith(".png")}
    assert "| random ! " in files["leaderboard.md"]
    assert "It is &#60;b&#62;bad" in files["leaderboard.md"]
    assert r"random\textsuperscript{!}" in files["leaderboard.tex"]
    assert "(its records contradict themselves)" in files["index.html"]
    assert json.loads(files["leaderboard.json"])["tables"]
    assert '"contradictions":1' in files["data.js"].replace(" ", "")
    assert "It is" in files[f"details/{demo.id}.js"]
    shown = io.StringIO()
    console = Console(file=shown, width=100)
    for part in render_in_terminal(demo, 100, plain=True):
        console.print(part)
    assert "random !" in shown.getvalue()
