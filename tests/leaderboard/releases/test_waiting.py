"""Records that a pull request brought wait for a release; what is no record is named, and a release takes them over."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.folder import folder_problems, named_records
from lovt_bench.leaderboard.releases.packed import pack_records
from lovt_bench.leaderboard.releases.release import release
from lovt_bench.leaderboard.releases.site import write_site
from lovt_bench.leaderboard.releases.verify import verify
from lovt_bench.leaderboard.releases.waiting import committed_records, lines_by_run
from tests.leaderboard.records import record, write
from tests.leaderboard.releases.test_predictions import boxes, masks, records_of
from tests.leaderboard.sources import sources, two_rows

PLACE = Path("phantom/lovt-2022/mine")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder of versions with a release of others, and a packed submission that waits."""
    out, own = tmp_path / "versions", tmp_path / "own"
    release(out, sources(tmp_path / "first", two_rows()), date="2026-05-01")
    made = {
        task: content(record("mine", task).key)
        for task, content in (("rsna_frozen_1", boxes), ("covid_linear", masks))
    }
    for item, content in zip(records_of(made), made.values(), strict=True):
        write(own, [item])
        assert item.predictions is not None
        path = own / "phantom" / "mine" / item.predictions.file
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    packed = pack_records("mine", own, out / "results", tuple(made))
    assert (packed.records, len(packed.predictions), packed.masks, packed.left_out) == (2, 2, 1, 0)
    return out


def test_records_and_predictions_wait_without_a_complaint_and_are_not_published(
    out: Path, tmp_path: Path
) -> None:
    assert folder_problems(out) == {}
    assert verify(out, "1.0.0").identical
    write_site(out, tmp_path / "site")
    assert (out / "results" / PLACE).is_dir()
    assert not list((tmp_path / "site").rglob("*mine*"))


def test_own_data_and_runs_that_are_there_are_not_packed(out: Path, tmp_path: Path) -> None:
    own = tmp_path / "again"
    there = read_tree(out / "results")
    write(own, [record("mine", "rsna_frozen_1", 0.99)])
    write(own, [record("mine", "covid_linear", track="own"), record("mine", "hospital_linear")])
    with pytest.raises(
        LeaderboardError, match=r"2 run records are on data or tasks of your own.*; 1 runs are there"
    ):
        pack_records("mine", own, out / "results", ("rsna_frozen_1", "covid_linear"))
    write(own, [record("mine", "covid_linear", seed=7)])
    packed = pack_records("mine", own, out / "results", ("rsna_frozen_1", "covid_linear"))
    assert (packed.files, packed.records) == ((f"{PLACE}/covid_linear.jsonl",), 1)
    now = read_tree(out / "results")
    assert {path for path in now if now[path] != there.get(path)} == set(packed.files)


def test_records_that_name_who_measured_them_are_not_packed(out: Path, tmp_path: Path) -> None:
    own = tmp_path / "again"
    write(own, [record("mine", "covid_linear", seed=7, measured_by="the-keeper")])
    with pytest.raises(LeaderboardError, match="name the-keeper as who measured them"):
        pack_records("mine", own, out / "results", ("covid_linear",))


def read_tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("covid_linear.jsonl", b"{}\n", "1 line(s) of no release that are no records"),
        ("rsna_frozen_10.jsonl", None, "2 line(s) of no release that are no records"),
        (f"predictions/covid_linear/{'0' * 64}.parquet", b"x", "no record names it"),
        ("predictions/covid_linear/*.parquet", b"x", "holds no predictions"),
        ("predictions/covid_linear/*.parquet", masks(record("mine").key), "their counts alone"),
        ("predictions/rsna_frozen_1/*.parquet", boxes("0" * 64), "is not the file that its record names"),
    ],
    ids=["no record", "a record elsewhere", "of no record", "no predictions", "masks", "other boxes"],
)
def test_what_no_release_names_and_is_no_record_is_named(
    out: Path, path: str, content: bytes | None, said: str
) -> None:
    folder = out / "results" / PLACE
    place = next(folder.glob(path), folder / path)
    if content is None:
        content = (folder / "covid_linear.jsonl").read_bytes() + b"x\n"
    before = place.read_bytes() if place.suffix == ".jsonl" and place.exists() else b""
    place.write_bytes(before + content)
    ((name, text),) = folder_problems(out).items()
    assert name.endswith(place.name)
    assert said in text


def test_a_release_takes_over_what_waits_and_a_repeated_run_leaves_it_where_it_is(
    out: Path, tmp_path: Path
) -> None:
    results = tmp_path / "second" / "results"
    for path, lines in lines_by_run(out / "results", ["mine"]).items():
        (results / path).parent.mkdir(parents=True, exist_ok=True)
        (results / path).write_bytes(b"".join(line + b"\n" for line in lines.values()))
    made = release(out, sources(tmp_path / "second", two_rows()), date="2026-05-02")
    assert made.folder.name == "1.1.0"
    assert verify(out, "1.1.0").identical
    write_site(out, tmp_path / "site")
    assert len(list((tmp_path / "site").rglob("*.parquet"))) == 2
    # The keeper measures the row anew: equal keys, other lines, which count from now on.
    again = [record("mine", task, 0.41, splits="seeded") for task in ("rsna_frozen_1", "covid_linear")]
    release(out, sources(tmp_path / "third", [*two_rows(), *again]), date="2026-05-03")
    assert folder_problems(out) == {}
    # Of what names who measured it, a workspace gets back what a release names.
    place = out / "results" / PLACE / "covid_linear.jsonl"
    signed = record("mine", value=0.41, seed=9, measured_by="the-keeper")
    place.write_bytes(place.read_bytes() + signed.to_json(None).encode())
    path = "phantom/mine/covid_linear.jsonl"
    assert signed.key in lines_by_run(out / "results")[path]
    assert signed.key not in lines_by_run(out / "results", None, named_records(out).lines)[path]
    release(out, sources(tmp_path / "fourth", [*two_rows(), *again, signed]), date="2026-05-04")
    assert signed.key in lines_by_run(out / "results", None, named_records(out).lines)[path]
    kept = [item for item in committed_records(out / "results").records if item.submission == "mine"]
    assert {item.validation["opacity_dice"] for item in kept if item.run.task == "covid_linear"} == {0.41}
    shutil.rmtree(out / "results" / PLACE / "predictions" / "covid_linear")
    assert any("predictions" in name for problem in verify(out, "1.1.0").problems for name in [problem.name])
