"""What the keeper withdraws is out as if it had never been there; what is disputed stays and is marked."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.benchmark.contract.notice import Notice
from lovt_bench.benchmark.contract.release import Changes
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.notices import FILE, read_notices, without_effect
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.folder import folder_problems
from lovt_bench.leaderboard.releases.release import Released, release
from lovt_bench.leaderboard.releases.site import write_site
from lovt_bench.leaderboard.releases.sources import Sources
from lovt_bench.leaderboard.releases.verify import verify
from lovt_bench.leaderboard.releases.version import read_version
from lovt_bench.leaderboard.releases.version_index import read_index
from lovt_bench.leaderboard.show.as_latex import as_latex
from lovt_bench.leaderboard.show.as_markdown import as_markdown
from lovt_bench.leaderboard.show.page import render_page
from tests.leaderboard.records import TASKS, record_set, runs
from tests.leaderboard.sources import sources, two_rows

REASON = "Its weights <b>saw</b> the test images"
ROW = Notice(row="imagenet", date="2026-05-02", reason=REASON, decided_by="my-group")
DISPUTED = Notice(row="random", state="disputed", date="2026-05-02", reason=REASON, decided_by="my-group")


def three_rows() -> list[object]:
    return [
        *two_rows(),
        *runs("third", "covid_linear", [0.3, 0.3]),
        *runs("third", "rsna_frozen_1", [0.3, 0.3]),
    ]


def board(records: list, *notices: Notice) -> Leaderboard:
    return build(record_set(records), [], tuple(TASKS.values()), notices=notices)


def test_ranks_are_those_of_a_board_that_never_had_the_row() -> None:
    left = [record for record in three_rows() if record.submission != "imagenet"]  # type: ignore[attr-defined]
    withdrawn, never = board(three_rows(), ROW), board(left)
    assert withdrawn.tables == never.tables
    assert withdrawn.inputs == never.inputs
    assert [row.id for row in board(three_rows()).tables[0].rows] == ["imagenet", "third", "random"]
    assert [(row.id, row.mean_rank) for row in withdrawn.tables[0].rows] == [("third", 1.0), ("random", 2.0)]


def test_a_withdrawn_record_makes_its_cell_partial() -> None:
    key = two_rows()[0].key
    notice = Notice(record=key, date="2026-05-02", reason="Wrong images", decided_by="my-group")
    row = next(row for row in board(two_rows(), notice).tables[0].rows if row.id == "random")
    assert row.mean_rank is None
    (cell,) = [cell for cell in row.cells if cell.status == "partial"]
    assert key not in {run.key for run in cell.runs}


def test_a_disputed_row_counts_and_is_marked_everywhere() -> None:
    before, after = board(two_rows()), board(two_rows(), DISPUTED)
    assert [row.mean_rank for row in after.tables[0].rows] == [row.mean_rank for row in before.tables[0].rows]
    text = "Disputed: row random (2026-05-02, decided by my-group): Its weights <b>saw</b> the test images."
    assert {row.id: row.disputed for row in after.tables[0].rows} == {"imagenet": [], "random": [text]}
    assert "random ¶" in as_markdown(after)
    assert "¶: the row is disputed" in as_markdown(after)
    assert "¶" not in as_markdown(before)
    assert "<b>" not in as_markdown(after)
    assert r"random\textsuperscript{\textparagraph}" in as_latex(after)
    page = render_page(after)
    assert b"random \xc2\xb6" in page["index.html"]
    assert b'"disputed":1' in page["data.js"]
    key = two_rows()[0].key
    (found,) = [
        row for row in board(two_rows(), DISPUTED.model_copy(update={"row": None, "record": key})).tables[0].rows
        if row.disputed
    ]  # fmt: skip
    assert found.id == "random"


def test_published_rows_are_no_submissions() -> None:
    notices = [
        ROW.model_copy(update={"row": "lovt-30", "state": state}) for state in ("withdrawn", "disputed")
    ]
    plain = build(record_set([]), load_published(), tuple(TASKS.values()))
    for notice in notices:
        marked = build(record_set([]), load_published(), tuple(TASKS.values()), notices=[notice])
        assert marked.tables == plain.tables


def freeze(folder: Path, name: str, given: list, *notices: Notice) -> Released:
    made: Sources = sources(folder / name, given, notices=notices)
    return release(folder / "versions", made, date="2026-05-01")


def test_the_next_release_says_what_it_leaves_out_and_old_ones_still_verify(tmp_path: Path) -> None:
    out = tmp_path / "versions"
    freeze(tmp_path, "a", three_rows())
    listed = json.loads((out / "versions.json").read_text())
    assert "notices" not in listed["versions"][0]
    made = freeze(tmp_path, "b", three_rows(), ROW)
    assert made.bump == "minor"
    said = (
        "Withdrawn: row imagenet (2026-05-02, decided by my-group): Its weights <b>saw</b> the test images."
    )
    changes = Changes.model_validate_json((made.folder / "changes.json").read_bytes())
    assert [row.row for row in changes.rows_removed] == ["imagenet"]
    assert changes.notices == [said]
    assert "Withdrawn: row imagenet" in (made.folder / "CHANGES.md").read_text()
    assert "Withdrawn: row imagenet" in (made.folder / "leaderboard.md").read_text()
    assert f"<li>{html.escape(said)}</li>" in (made.folder / "index.html").read_text()
    assert [file.path for file in read_version(out, "1.1.0").inputs if "imagenet" in file.path] == []
    assert [(entry.version, entry.notices) for entry in read_index(out).versions] == [
        ("1.1.0", []),
        ("1.0.0", [said]),
    ]
    assert verify(out, "1.0.0").identical
    assert verify(out, "1.1.0").identical
    assert folder_problems(out) == {}
    write_site(out, tmp_path / "site")
    assert (tmp_path / "site" / "versions.js").read_bytes() == (out / "versions.js").read_bytes()


def test_a_withdrawn_record_is_out_of_the_rebuilt_release_too(tmp_path: Path) -> None:
    notice = Notice(record=two_rows()[0].key, date="2026-05-02", reason="Wrong images", decided_by="my-group")
    freeze(tmp_path, "a", two_rows(), notice)
    assert verify(tmp_path / "versions", "1.0.0").identical


GOOD = {"row": "random", "date": "2026-05-02", "reason": "Why.", "decided_by": "my-group"}


def test_the_file_of_this_repository_is_read() -> None:
    assert read_notices() == []
    assert FILE.is_file()
    assert read_notices(FILE.with_name("nothing.yaml")) == []


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([GOOD | {"row": "../x"}], "entries.0.row: "),
        ([GOOD | {"record": "0" * 64}], "entries.0: expected either row or record"),
        ([{name: value for name, value in GOOD.items() if name != "row"}], "entries.0: expected either row or record"),
        ([GOOD | {"date": "2026-02-30"}], "entries.0.date: expected a day, for example 2026-05-01, found '2026-02-30'"),
        ([GOOD | {"date": "soon"}], "entries.0.date: "),
        ([GOOD | {"state": "withdrawm"}], "entries.0.state: .*did you mean withdrawn"),
        ([GOOD | {"reasons": "x"}], "entries.0.reasons: there is no such field.*did you mean reason"),
        ([GOOD | {"reason": ""}], "entries.0.reason: "),
        ([{name: value for name, value in GOOD.items() if name != "decided_by"}], "entries.0.decided_by: "),
        ([GOOD, GOOD | {"state": "disputed"}], "row random is named twice; keep one entry"),
        ("none", "entries: "),
    ],
)  # fmt: skip
def test_bad_entries_are_refused_in_a_sentence(tmp_path: Path, entries: object, problem: str) -> None:
    path = tmp_path / "withdrawn.yaml"
    path.write_text(json.dumps({"entries": entries}))
    with pytest.raises(LeaderboardError, match=problem) as caught:
        read_notices(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 2


@pytest.mark.parametrize(
    "content", ["- a\n", "entries: [\n", "entries: !x []\n", "entries: []\nentries: []\n"]
)
def test_what_is_no_plain_yaml_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "withdrawn.yaml"
    path.write_text(content)
    with pytest.raises(LeaderboardError, match=r"withdrawn\.yaml"):
        read_notices(path)


def test_a_misspelt_name_is_said() -> None:
    other = Notice(record="0" * 64, date="2026-05-02", reason="x", decided_by="y")
    misspelt = ROW.model_copy(update={"row": "imagnet"})
    assert list(without_effect([ROW, misspelt, other], record_set(two_rows()), ["imagenet", "random"])) == [
        "withdrawn.yaml: nothing is here of row imagnet (did you mean imagenet?).",
        "withdrawn.yaml: record 000000000000 is not here.",
    ]
