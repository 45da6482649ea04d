"""Reading run records: what is torn or foreign stays out with a note, what is wrong stops the build."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from benchmark.contract.run_record import RunRecord
from leaderboard.errors import LeaderboardError
from leaderboard.records import finished, read_records
from tests.leaderboard.records import record, runs, write

FILE = "phantom/random/covid_linear.jsonl"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write(tmp_path / "results", runs("random", "covid_linear", [0.2, 0.3]))


def edited(item: RunRecord, **changes: object) -> str:
    """Return a line whose fields were changed by hand."""
    return json.dumps(json.loads(item.to_json(indent=None)) | changes) + "\n"


def test_records_come_back_with_the_digest_of_their_file(results: Path) -> None:
    found = read_records(results)
    assert found.records == runs("random", "covid_linear", [0.2, 0.3])
    assert [file.path for file in found.files] == [FILE]
    assert found.files[0].sha256 == hashlib.sha256((results / FILE).read_bytes()).hexdigest()
    assert found.notes == ()


def test_no_results_folder_is_no_error(tmp_path: Path) -> None:
    assert read_records(tmp_path / "none").files == ()


def test_a_torn_last_line_is_left_out_with_a_note(results: Path) -> None:
    """A run killed while its line was written leaves half of it; `evaluate` removes it before it appends."""
    with (results / FILE).open("a") as stream:
        stream.write(record(seed=7).to_json(indent=None)[:50])
    found = read_records(results)
    assert len(found.records) == 2
    assert "line 3: torn" in found.notes[0]


def test_a_bad_line_before_the_last_is_an_error_with_its_place(results: Path) -> None:
    text = (results / FILE).read_text()
    (results / FILE).write_text(text.replace("\n", "\n{]\n", 1))
    with pytest.raises(
        LeaderboardError, match=r"covid_linear\.jsonl, line 2: not a run record: .*build again"
    ):
        read_records(results)


def test_a_bad_last_line_with_its_line_feed_is_no_torn_one(results: Path) -> None:
    with (results / FILE).open("a") as stream:
        stream.write("{}\n")
    with pytest.raises(LeaderboardError, match="line 3"):
        read_records(results)


def test_the_first_of_two_records_with_one_key_counts(results: Path) -> None:
    write(results, [record(value=0.9)])
    found = read_records(results)
    assert [item.test["opacity_dice"] for item in found.records] == [0.2, 0.3]
    assert "is there already" in found.notes[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"key": "0" * 64}, "does not belong to this run"),
        ({"test": {"opacity_dice": 87.2}}, "expected a fraction"),
        ({"test": {"opacity_dice": -0.1}}, "expected a fraction"),
        ({"test": {"opacity_dice": "much"}}, "test.opacity_dice"),
        ({"test": {}}, "must hold"),
        ({"submission": "another"}, "belongs into phantom/another/covid_linear.jsonl"),
        ({"track": "public"}, "belongs into public/random"),
        ({"submission": "../../etc"}, "submission"),
        ({"finished": "yesterday"}, "ISO 8601"),
        ({"score": 1}, "score"),
    ],
)
def test_a_forged_record_is_an_error(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    path = tmp_path / FILE
    path.parent.mkdir(parents=True)
    path.write_text(edited(record(), **changes))
    with pytest.raises(LeaderboardError, match=message):
        read_records(tmp_path)


def test_no_number_may_hide_as_infinity_or_nan(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.parent.mkdir(parents=True)
    for word in ("NaN", "Infinity"):
        path.write_text(edited(record()).replace("0.3", word))
        with pytest.raises(LeaderboardError, match="line 1"):
            read_records(tmp_path)


def test_bytes_that_are_no_text_are_an_error(results: Path) -> None:
    (results / FILE).write_bytes(b"\xff\xfe\n")
    with pytest.raises(LeaderboardError, match="line 1"):
        read_records(results)


def test_links_are_not_followed(results: Path, tmp_path: Path) -> None:
    """A link in an unpacked results archive could point at any file or folder of the machine."""
    secret = write(tmp_path / "elsewhere", runs("spy", "covid_linear", [1.0]))
    (results / "phantom" / "spy").symlink_to(secret / "phantom" / "spy")
    (results / "phantom" / "random" / "nih_seg_linear.jsonl").symlink_to(
        secret / "phantom/spy/covid_linear.jsonl"
    )
    (results / "public").symlink_to(secret / "phantom")
    found = read_records(results)
    assert {item.submission for item in found.records} == {"random"}
    assert sum("a link, not followed" in note for note in found.notes) == 3


def test_a_pipe_does_not_hold_the_build_up(results: Path) -> None:
    os.mkfifo(results / "phantom" / "random" / "nih_seg_linear.jsonl")
    assert "not a file" in read_records(results).notes[0]


@pytest.mark.parametrize("name", ["<b>", "a b", "\x1b[31m", "ä", "A"])
def test_folders_with_other_names_are_left_out_and_shown_harmlessly(results: Path, name: str) -> None:
    (results / "phantom" / name).mkdir()
    note = read_records(results).notes[0]
    assert "not the name of a submission" in note
    assert note.isascii()
    assert note.isprintable()


def test_foreign_files_are_left_out(results: Path) -> None:
    (results / "phantom" / "random" / "notes.txt").write_text("x")
    (results / "phantom" / "random" / ".covid_linear.lock").write_text("x")
    (results / "private").mkdir()
    assert len(read_records(results).notes) == 2


def test_times_of_any_zone_are_compared_in_utc() -> None:
    assert finished(record(finished="2026-01-01T02:00:00+02:00")) == finished(
        record(finished="2026-01-01T00:00:00Z")
    )
    assert finished(record(finished="2026-01-01T00:00:00")) == finished(
        record(finished="2026-01-01T00:00:00Z")
    )
