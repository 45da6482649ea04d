"""Reading run records: what is torn, foreign or wrong stays out with file and line; the rest is read."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract import record_file
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.records import read_records
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


def test_predictions_and_analyses_beside_records_are_no_stray_files(results: Path) -> None:
    folder = results / "phantom" / "random"
    (folder / "predictions" / "covid_linear").mkdir(parents=True)
    (folder / "analysis" / "covid-rural").mkdir(parents=True)
    assert read_records(results).notes == ()
    (folder / "predictions").rename(folder / "predictoins")
    assert "not a file, left out" in read_records(results).notes[0]


def test_a_torn_last_line_is_left_out_with_a_note(results: Path) -> None:
    """A run killed while its line was written leaves half of it; `evaluate` removes it before it appends."""
    with (results / FILE).open("a") as stream:
        stream.write(record(seed=7).to_json(indent=None)[:50])
    found = read_records(results)
    assert len(found.records) == 2
    assert "line 3: torn" in found.notes[0]


def test_a_bad_line_is_named_and_the_others_are_read(results: Path) -> None:
    text = (results / FILE).read_text()
    (results / FILE).write_text(text.replace("\n", "\n{]\n", 1))
    found = read_records(results)
    assert found.records == runs("random", "covid_linear", [0.2, 0.3])
    (note,) = found.notes
    assert re.match(rf"{FILE}, line 2: not a run record: .*It does not count: remove the line", note)
    assert found.files[0].bad == (note,)


def test_a_bad_last_line_with_its_line_feed_is_no_torn_one(results: Path) -> None:
    with (results / FILE).open("a") as stream:
        stream.write("{}\n")
    assert "line 3: not a run record" in read_records(results).notes[0]


def test_line_ends_of_another_system_change_no_record(results: Path) -> None:
    before = read_records(results).records
    (results / FILE).write_bytes((results / FILE).read_bytes().replace(b"\n", b"\r\n"))
    assert read_records(results).records == before


def test_a_line_separator_inside_a_text_parts_no_record(tmp_path: Path) -> None:
    item = record(notes=["GPU\u2028one\x85two"])
    assert read_records(write(tmp_path, [item])).records == [item]


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
        ({"test": {"opacity_dice": 0.3, "other": 1e308}}, "expected a fraction"),
        ({"validation": {"opacity_dice": 1.5}}, "expected a fraction"),
        ({"test": {"opacity_dice": "much"}}, "test.opacity_dice"),
        ({"test": {"opacity_dice": "0.3"}}, "valid number"),
        ({"test": {"opacity_dice": True}}, "valid number"),
        ({"test": {}}, "must hold"),
        ({"seconds": 1e308}, "seconds: Input should be less than"),
        ({"seconds": -1}, "seconds: Input should be greater than"),
        ({"energy_joules": 1e308}, "energy_joules"),
        ({"peak_memory_bytes": 10**300}, "peak_memory_bytes"),
        ({"epochs": 10**30}, "epochs"),
        ({"train_images": 10**30}, "train_images"),
        ({"history": [{"epoch": 0, "monitor": 1e308, "learning_rate": 0.1}]}, "history.0.monitor"),
        ({"run": json.loads(record().run.model_dump_json()) | {"seed": 10**400}}, "run.seed"),
        ({"submission": "another"}, "belongs into 'phantom/another/covid_linear.jsonl'"),
        ({"track": "public"}, "belongs into 'public/random"),
        ({"submission": "../../etc"}, "submission"),
        ({"finished": "yesterday"}, "ISO 8601"),
        ({"finished": "0001-01-01T00:00:00+23:00"}, "ISO 8601"),
        ({"score": 1}, "score"),
        ({"notes": ["x" * 2**20]}, "longer than 1048576 bytes"),
    ],
)
def test_a_forged_record_does_not_count(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    """Each of them would be a wrong number, or a sum that overflows and stops the board of everybody."""
    path = tmp_path / FILE
    path.parent.mkdir(parents=True)
    path.write_text(record(seed=1).to_json(indent=None) + edited(record(), **changes))
    found = read_records(tmp_path)
    assert found.records == [record(seed=1)]
    (note,) = found.notes
    assert note.startswith(f"{FILE}, line 2: ")
    assert message in note


def test_no_number_may_hide_as_infinity_or_nan(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.parent.mkdir(parents=True)
    for word in ("NaN", "Infinity", "1e999"):
        path.write_text(edited(record()).replace("0.3", word))
        assert not read_records(tmp_path).records
        assert "line 1" in read_records(tmp_path).notes[0]


def test_a_field_that_is_given_twice_says_two_things(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.parent.mkdir(parents=True)
    path.write_text(edited(record()).replace('"epochs"', '"seconds": 5, "epochs"'))
    assert "line 1: not a run record: 'seconds' is given twice" in read_records(tmp_path).notes[0]


@pytest.mark.parametrize("place", ["start", "middle", "end", "torn"])
def test_bytes_that_are_no_text_are_named_and_the_rest_is_read(results: Path, place: str) -> None:
    lines = (results / FILE).read_bytes().splitlines(keepends=True)
    broken = lines[0].replace(b"cpu", b"c\xffu")
    content = {
        "start": [broken, *lines],
        "middle": [lines[0], broken, lines[1]],
        "end": [*lines, broken],
        "torn": [*lines, broken.rstrip(b"\n")],
    }
    (results / FILE).write_bytes(b"".join(content[place]))
    found = read_records(results)
    assert found.records == runs("random", "covid_linear", [0.2, 0.3])
    assert [("UTF-8" in note, "torn" in note) for note in found.notes] == [(place != "torn", place == "torn")]


@pytest.mark.parametrize(
    "content", [b"\x00" * 4096 + b"\n", b"[" * 500_000 + b"\n", b'"' + b"9" * 5000 + b'"\n']
)
def test_lines_that_break_readers_are_named(results: Path, content: bytes) -> None:
    with (results / FILE).open("ab") as stream:
        stream.write(content)
    found = read_records(results)
    assert len(found.records) == 2
    assert "line 3: not a run record" in found.notes[0]


def test_a_folder_under_a_file_s_name_is_left_out(results: Path) -> None:
    (results / "phantom" / "random" / "nih_seg_linear.jsonl").mkdir()
    found = read_records(results)
    assert (len(found.records), "not a file, left out" in found.notes[0]) == (2, True)


def test_a_file_that_is_too_large_is_left_out(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_file, "FILE_LIMIT", 100)
    found = read_records(results)
    assert (found.records, found.files) == ([], ())
    assert found.notes == (f"{FILE} is larger than 100 bytes; expected a file of run records; left out.",)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_left_out(results: Path) -> None:
    write(results, runs("other", "covid_linear", [0.5]))
    (results / FILE).chmod(0)
    (results / "phantom" / "other").chmod(0)
    found = read_records(results)
    (results / "phantom" / "other").chmod(0o755)
    assert found.records == []
    assert [note.split(":")[0] for note in found.notes] == ["phantom/other", FILE]


def test_a_million_bad_lines_are_counted_and_the_first_named(results: Path) -> None:
    """Each would be a sentence of everybody's board."""
    (path,) = results.rglob("*.jsonl")
    before = len(read_records(results).records)
    with path.open("ab") as stream:
        stream.write(b"{}\n" * 1000)
    found = read_records(results)
    assert len(found.records) == before
    assert len(found.notes) == len(found.files[0].bad) == 21
    assert found.notes[-1] == "phantom/random/covid_linear.jsonl: 980 more lines do not count."


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
    assert "not the name of a backbone" in note
    assert note.isascii()
    assert note.isprintable()


def test_foreign_files_are_left_out(results: Path) -> None:
    (results / "phantom" / "random" / "notes.txt").write_text("x")
    (results / "phantom" / "random" / ".covid_linear.lock").write_text("x")
    (results / "private").mkdir()
    assert len(read_records(results).notes) == 2


def test_times_of_any_zone_are_compared_in_utc() -> None:
    in_zone, in_utc, without = (
        record(finished=text).finished_at
        for text in ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00")
    )
    assert in_zone == in_utc == without
