"""A release is frozen whole, numbered by what changed, and nothing that was released is ever lost."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.release import BuildRecord, Bump, Changes
from lovt_bench.leaderboard.board.descriptions import Description
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.committed import records_folder
from lovt_bench.leaderboard.releases.release import Released, build_development, release
from lovt_bench.leaderboard.releases.sources import Sources
from lovt_bench.leaderboard.releases.version import read_version, releases
from lovt_bench.leaderboard.releases.version_index import check_releases, read_index, script
from lovt_bench.leaderboard.show.rendering import SUMS, digest
from tests.leaderboard.records import digest as digest_of
from tests.leaderboard.records import record, runs
from tests.leaderboard.sources import sources, two_rows

DATE = "2026-05-01"
VERSIONS = Path(__file__).resolve().parents[3] / "leaderboard" / "versions"


def make(tmp_path: Path, name: str, **changes: object) -> Sources:
    return sources(tmp_path / name, two_rows(**changes))  # type: ignore[arg-type]


def freeze(tmp_path: Path, given: Sources, bump: Bump | None = None, note: str = "") -> Released:
    return release(tmp_path / "versions", given, date=DATE, bump=bump, note=note)


def with_newcomer(folder: Path) -> Sources:
    newcomer = [item for task in ("covid_linear", "rsna_frozen_1") for item in runs("new", task, [0.8, 0.9])]
    return sources(folder, [*two_rows(), *newcomer])


def test_the_first_release_is_one(tmp_path: Path) -> None:
    made = freeze(tmp_path, make(tmp_path, "a"), note="We begin.")
    assert made.folder.name == "1.0.0"
    build = BuildRecord.model_validate_json((made.folder / "build.json").read_bytes())
    assert build.release is not None
    assert (build.release.date, build.release.previous, build.release.note) == (DATE, None, "We begin.")
    assert "We begin." in (made.folder / "CHANGES.md").read_text()


def test_the_step_follows_from_what_changed(tmp_path: Path) -> None:
    """Major: not comparable. Minor: entries. Patch: the same entries, described otherwise."""
    freeze(tmp_path, make(tmp_path, "a"))
    named = {"random": Description(display_name="Random initialisation", method="random")}
    steps = [
        freeze(tmp_path, sources(tmp_path / "b", two_rows(), named)),
        freeze(tmp_path, with_newcomer(tmp_path / "c")),
        freeze(tmp_path, make(tmp_path, "d", protocol_sha256=digest_of("edited"))),
    ]
    assert [(made.bump, made.folder.name) for made in steps] == [
        ("patch", "1.0.1"),
        ("minor", "1.1.0"),
        ("major", "2.0.0"),
    ]


def test_a_step_that_is_too_small_is_refused_and_says_why(tmp_path: Path) -> None:
    freeze(tmp_path, make(tmp_path, "a"))
    other = make(tmp_path, "b", dataset_sha256=digest_of("another store"))
    with pytest.raises(LeaderboardError, match=r"minor release is too small.*ask for major.*Data of task"):
        freeze(tmp_path, other, "minor")
    assert releases(tmp_path / "versions") == ["1.0.0"]
    with pytest.raises(LeaderboardError, match=r"patch release is too small.*ask for minor.*1 row"):
        freeze(tmp_path, with_newcomer(tmp_path / "c"), "patch")


def test_a_larger_step_may_be_asked_for(tmp_path: Path) -> None:
    freeze(tmp_path, make(tmp_path, "a"))
    assert freeze(tmp_path, with_newcomer(tmp_path / "b"), "major").folder.name == "2.0.0"


def test_nothing_new_is_not_released(tmp_path: Path) -> None:
    freeze(tmp_path, make(tmp_path, "a"))
    with pytest.raises(LeaderboardError, match=r"nothing changed since 1\.0\.0"):
        freeze(tmp_path, make(tmp_path, "b"))


def test_what_changed_is_written_with_old_and_new_values(tmp_path: Path) -> None:
    freeze(tmp_path, make(tmp_path, "a"))
    folder = freeze(tmp_path, with_newcomer(tmp_path / "b")).folder
    changes = Changes.model_validate_json((folder / "changes.json").read_bytes())
    assert [(row.row, row.table) for row in changes.rows_added] == [("new", "phantom-seeded-demo-lovt-2022")]
    assert {(rank.row, rank.old, rank.new) for rank in changes.ranks} == {
        ("imagenet", 1.0, 2.0),
        ("random", 2.0, 3.0),
    }
    assert "imagenet in phantom-seeded-demo-lovt-2022: 1.00 → 2.00" in (folder / "CHANGES.md").read_text()


def test_releases_form_a_chain_and_the_list_names_them_newest_first(tmp_path: Path) -> None:
    out = tmp_path / "versions"
    first = freeze(tmp_path, make(tmp_path, "a")).folder
    second = freeze(tmp_path, with_newcomer(tmp_path / "b"), note="</script><b>").folder
    build = BuildRecord.model_validate_json((second / "build.json").read_bytes())
    assert build.release is not None
    assert build.release.previous_sums_sha256 == digest((first / SUMS).read_bytes())
    assert [(entry.version, entry.previous) for entry in read_index(out).versions] == [
        ("1.1.0", "1.0.0"),
        ("1.0.0", None),
    ]
    script = (out / "versions.js").read_text()
    assert "<" not in script
    start, end = script.index("["), script.rindex("]") + 1
    assert json.loads(script[start:end])[0]["note"] == "</script><b>"


def test_only_what_was_looked_at_is_released(tmp_path: Path) -> None:
    """Runs that end between the last look and the release would go out unseen."""
    out = tmp_path / "versions"
    build_development(out, make(tmp_path, "a"))
    with pytest.raises(LeaderboardError, match="leaderboard build"):
        freeze(tmp_path, with_newcomer(tmp_path / "b"))
    build_development(out, with_newcomer(tmp_path / "c"))
    assert freeze(tmp_path, with_newcomer(tmp_path / "d")).folder.name == "1.0.0"


def test_a_release_holds_the_records_that_were_read_or_is_refused(tmp_path: Path) -> None:
    given = make(tmp_path, "a")
    path = tmp_path / "a" / "results" / "phantom" / "random" / "covid_linear.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[1])
    with pytest.raises(LeaderboardError, match="changed while it was read"):
        freeze(tmp_path, given)
    assert releases(tmp_path / "versions") == []
    path.write_text("".join(lines) + record("random", seed=9).to_json(indent=None))
    freeze(tmp_path, given)
    committed = (
        records_folder(tmp_path / "versions") / "phantom" / "lovt-2022" / "random" / "covid_linear.jsonl"
    )
    assert sorted(committed.read_text().splitlines(keepends=True)) == sorted(lines)


@pytest.mark.parametrize("act", ["build", "release"])
@pytest.mark.parametrize("harm", ["edit", "add", "remove", "rewrite sums", "lose folder"])
def test_a_touched_release_stops_build_and_release(tmp_path: Path, act: str, harm: str) -> None:
    out = tmp_path / "versions"
    folder = freeze(tmp_path, make(tmp_path, "a")).folder
    page = folder / "leaderboard.md"
    if harm == "edit":
        page.write_text(page.read_text().replace("50.0", "90.0"))
    elif harm == "add":
        (folder / "remarks.md").write_text("x")
    elif harm == "remove":
        page.unlink()
    elif harm == "rewrite sums":
        before = digest(page.read_bytes())
        page.write_text("forged\n")
        sums = folder / SUMS
        sums.write_text(sums.read_text().replace(before, digest(page.read_bytes())))
    else:
        shutil.rmtree(folder)
    given = with_newcomer(tmp_path / "b")
    with pytest.raises(LeaderboardError, match=r"was touched|is not there"):
        build_development(out, given) if act == "build" else freeze(tmp_path, given)


def _release_in_a_process(folder: Path, name: str, start: object) -> None:
    start.wait()  # type: ignore[attr-defined]
    try:
        freeze(folder, with_newcomer(folder / name))
    except LeaderboardError:
        os._exit(3)


def test_two_releases_at_once_make_one(tmp_path: Path) -> None:
    freeze(tmp_path, make(tmp_path, "a"))
    context = multiprocessing.get_context("fork")
    start = context.Event()
    both = [context.Process(target=_release_in_a_process, args=(tmp_path, name, start)) for name in "bc"]
    for process in both:
        process.start()
    start.set()
    for process in both:
        process.join(60)
    assert sorted(process.exitcode or 0 for process in both) == [0, 3]
    assert releases(tmp_path / "versions") == ["1.1.0", "1.0.0"]


@pytest.mark.parametrize("call", ["append", "put", "write_index"])
def test_a_killed_release_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Killed (no clean-up runs) at three places; the same release then goes through or is there already."""
    out = tmp_path / "versions"
    freeze(tmp_path, make(tmp_path, "a"))
    before = read_version(out, "1.0.0")
    child = os.fork()
    if not child:
        monkeypatch.setattr(
            f"lovt_bench.leaderboard.releases.release.{call}", lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        )
        try:
            freeze(tmp_path, with_newcomer(tmp_path / "b"))
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert read_version(out, "1.0.0") == before
    if call == "write_index":
        build_development(out, with_newcomer(tmp_path / "c"))
    else:
        assert releases(out) == ["1.0.0"]
        freeze(tmp_path, with_newcomer(tmp_path / "c"))
    assert [entry.version for entry in read_index(out).versions] == ["1.1.0", "1.0.0"]
    assert not list(out.glob(".*"))


def test_records_are_never_committed_among_those_that_are_read(tmp_path: Path) -> None:
    """`--out workspace` would mix two layouts in `workspace/results`."""
    given = make(tmp_path, "a")
    with pytest.raises(LeaderboardError, match="choose another --out"):
        release(tmp_path / "a", given, date=DATE)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["published", "results"]


def test_records_lie_beside_leaderboard_versions_and_within_any_other_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaderboard" / "versions").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "leaderboard" / "versions")
    assert records_folder(Path()).resolve() == (tmp_path / "leaderboard" / "results").resolve()
    assert records_folder(tmp_path / "leaderboard" / "versions") == tmp_path / "leaderboard" / "results"
    assert records_folder(tmp_path / "site") == tmp_path / "site" / "results"
    assert records_folder(VERSIONS) == VERSIONS.parent / "results"
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "versions"
    link.symlink_to(tmp_path / "leaderboard" / "versions")
    assert records_folder(link) == tmp_path / "leaderboard" / "results"


def test_dev_that_was_taken_away_by_a_killed_build_comes_back(tmp_path: Path) -> None:
    """Between the two renames of a build there is no dev for a moment; a kill right there must not cost it."""
    out = tmp_path / "versions"
    build_development(out, make(tmp_path, "a"))
    killed = out / ".tmp-dev-0123abcd"
    killed.mkdir()
    (killed / "target").write_text("dev")
    (out / "dev").rename(killed / "old")
    with pytest.raises(LeaderboardError, match="run `lovt-bench leaderboard build`"):
        freeze(tmp_path, with_newcomer(tmp_path / "b"))
    assert read_version(out).tables


def test_the_releases_of_this_repository_are_listed_and_untouched() -> None:
    """A build on a fresh clone must leave the checkout clean, so the committed list is the one that it writes."""
    check_releases(VERSIONS)
    index = read_index(VERSIONS)
    assert [entry.version for entry in index.versions] == releases(VERSIONS)
    assert (VERSIONS / "versions.json").read_text() == index.to_json()
    assert (VERSIONS / "versions.js").read_text() == script(index)
