"""The published rows: transcribed exactly, and what the paper counts from them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.published import FOLDER, load_published
from lovt_bench.leaderboard.board.records import RecordSet
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.show.layout import percent
from tests.leaderboard.records import TASKS
from tests.parity.golden import FOLDER as GOLDEN

TRANSCRIPTION = "d4c5d37cb9b89ee66f6809d758bd90d201233012692f57053090601ef160dc36"


@pytest.fixture(scope="module")
def table() -> Table:
    (found,) = build(RecordSet(), load_published(), tuple(TASKS.values())).tables
    return found


def test_sixteen_rows_on_eighteen_tasks_are_marked_published(table: Table) -> None:
    assert table.kind == "published"
    assert "Published" in table.title
    assert [len(row.cells) for row in table.rows] == [18] * 16
    assert [column.number for column in table.columns] == list(range(1, 19))


def test_lovt_is_best_on_10_of_18_tasks_and_on_11_without_clip(table: Table) -> None:
    """The paper's counts: over all 16 rows, a task counts for a method if any of its fractions is best."""
    assert [(claim.method, claim.without, claim.best_on, claim.tasks) for claim in table.claims] == [
        ("LoVT", [], 10, 18),
        ("LoVT", ["CLIP"], 11, 18),
    ]
    assert [claim.text for claim in table.claims] == [
        "LoVT best on 10 of 18 tasks",
        "LoVT best on 11 of 18 tasks with the CLIP rows left out",
    ]
    assert table.methods[0].method == "LoVT"
    assert table.methods[0].rows == ["lovt-30", "lovt-100"]


def test_the_count_holds_by_hand(table: Table) -> None:
    """The same from the numbers alone: the ten tasks on which the largest of 16 numbers is LoVT's."""
    won = []
    for column in table.columns:
        means = {
            row.id: cell.summary.mean
            for row in table.rows
            if (cell := row.cell(column.task)) and cell.summary
        }
        winners = [name for name, mean in means.items() if mean == max(means.values())]
        assert len(winners) == 1, "no published task has a tie"
        won += [column.number] if winners[0].startswith("lovt") else []
    assert won == [5, 7, 8, 9, 10, 11, 12, 13, 16, 17]


def printed(table: Table) -> dict[tuple[str, int, str], tuple[str, str]]:
    """Method, percent of the corpus and task of each cell; mean and half-width as the paper prints them."""
    return {
        (row.method or "", round(100 * (row.fraction or 0)), cell.task): (
            percent(cell.summary.mean),
            percent(cell.summary.interval95_normal or 0.0),
        )
        for row in table.rows
        for cell in row.cells
        if cell.summary
    }


def test_every_value_is_that_of_the_transcription(table: Table) -> None:
    """A second transcription of both tables has this digest: method, percent, task, mean, half-width."""
    cells = printed(table)
    assert len(cells) == 288
    lines = sorted(
        f"{name},{share},{task},{','.join(cells[name, share, task])}" for name, share, task in cells
    )
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == TRANSCRIPTION


def test_the_published_runs_give_the_published_cells(table: Table) -> None:
    """The five values of a cell, where the reference published them, are an oracle of their own."""
    metrics = {spec.id: spec.metric for spec in TASKS.values()}
    cells = printed(table)
    runs = json.loads((GOLDEN / "run_statistics.json").read_text(encoding="utf-8"))
    reported = [run for run in runs if run["metric"].endswith(f"_test/{metrics[run['task']]}")]
    assert len(reported) == 18
    for run in reported:
        method, share = run["model"].split("_")
        assert cells[method, int(share), run["task"]] == (percent(run["mean"]), percent(run["interval95"])), (
            run
        )


def test_the_intervals_are_the_papers_and_labelled_so(table: Table) -> None:
    assert table.interval == "normal"
    summaries = [cell.summary for row in table.rows for cell in row.cells if cell.summary]
    assert all(summary.interval95_student is None and summary.std is None for summary in summaries)


def test_rows_stand_in_the_papers_order(table: Table) -> None:
    assert [row.id for row in table.rows][:3] == ["random", "imagenet", "chexpert-30"]
    assert table.rows[-1].display_name == "LoVT 100 %"


def write_pair(folder: Path, text: str, **changes: object) -> None:
    info = yaml.safe_load((FOLDER / "lovt-2022.yaml").read_text(encoding="utf-8"))
    (folder / "x.yaml").write_text(yaml.safe_dump(info | {"name": "x"} | changes), encoding="utf-8")
    (folder / "x.csv").write_text(text, encoding="utf-8")


HEADER = "method,corpus_percent,task,mean,interval95\n"


def test_another_paper_is_another_pair_of_files(tmp_path: Path) -> None:
    write_pair(tmp_path, HEADER + "LoVT,30,covid_linear,49.2,0.2\nRandom,,covid_linear,6.0,0.0\n")
    (table,) = build(RecordSet(), load_published(tmp_path), tuple(TASKS.values())).tables
    assert table.claims[0].text == "LoVT best on 1 of 1 tasks"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("method,task\n", "line 1: expected the columns"),
        ("", "line 1: expected the columns"),
        (HEADER + "LoVT,30,covid_linear,49.2\n", "line 2"),
        (HEADER + "LoVT,30,covid_linear,4920,0.2\n", "line 2"),
        (HEADER + "LoVT,30,covid_linear,nan,0.2\n", "line 2"),
        (HEADER + "LoVT,130,covid_linear,49.2,0.2\n", "line 2"),
        (HEADER + "LoVT,30,covid_linear,1.0,0.2\n" * 2, "occur twice"),
        (HEADER + "Other,30,covid_linear,1.0,0.2\n", "supervision of Other is missing"),
    ],
)
def test_a_wrong_number_is_an_error_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    write_pair(tmp_path, text)
    with pytest.raises(LeaderboardError, match=message):
        load_published(tmp_path)


def test_an_unknown_field_of_the_description_is_an_error(tmp_path: Path) -> None:
    write_pair(tmp_path, HEADER, intervall="x")
    with pytest.raises(LeaderboardError, match="intervall"):
        load_published(tmp_path)


def test_numbers_without_their_file_are_an_error(tmp_path: Path) -> None:
    write_pair(tmp_path, HEADER)
    (tmp_path / "x.csv").unlink()
    with pytest.raises(LeaderboardError, match=r"expected its numbers in x\.csv"):
        load_published(tmp_path)


def test_a_value_of_an_unknown_task_is_an_error(tmp_path: Path) -> None:
    write_pair(tmp_path, HEADER + "LoVT,30,covid_lineal,1.0,0.2\n")
    with pytest.raises(LeaderboardError, match="covid_lineal"):
        build(RecordSet(), load_published(tmp_path), tuple(TASKS.values()))


def test_published_methods_have_seen_no_evaluation_image(table: Table) -> None:
    """All of them were trained on MIMIC-CXR, ImageNet or nothing; so is its clean ranking the ranking itself."""
    assert {item.mark for row in table.rows for item in row.overlaps} == {"clean"}
    assert {row.architecture_class for row in table.rows} == {"paper"}
    assert table.clean is None
