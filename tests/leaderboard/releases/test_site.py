"""The site holds the releases as they are, what they are rebuilt from, and a way to the newest."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.leaderboard import leaderboard
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.folder import folder_problems
from lovt_bench.leaderboard.releases.release import build_development, release
from lovt_bench.leaderboard.releases.site import write_site
from lovt_bench.leaderboard.releases.verify import verify
from lovt_bench.leaderboard.releases.version import read_files
from tests.leaderboard.records import runs
from tests.leaderboard.sources import sources, two_rows


def test_the_site_is_the_releases_and_leads_to_the_newest(tmp_path: Path) -> None:
    out, target = tmp_path / "versions", tmp_path / "site"
    release(out, sources(tmp_path / "a", two_rows()), date="2026-05-01")
    more = sources(tmp_path / "b", [*two_rows(), *runs("new", "covid_linear", [0.1, 0.2])])
    build_development(out, more)
    release(out, more, date="2026-06-01")
    assert write_site(out, target) == ["1.1.0", "1.0.0"]
    assert 'url=1.1.0/index.html"' in (target / "index.html").read_text()
    assert {path.name for path in target.iterdir()} == {
        "1.0.0", "1.1.0", "results", "index.html", "versions.js", "versions.json",
    }  # fmt: skip
    assert read_files(target / "1.0.0") == read_files(out / "1.0.0")
    assert verify(target, "1.1.0").identical, "whoever has the site can rebuild it"


def test_nothing_is_published_that_was_touched_or_not_released(tmp_path: Path) -> None:
    out = tmp_path / "versions"
    build_development(out, sources(tmp_path / "a", two_rows()))
    with pytest.raises(LeaderboardError, match="no release"):
        write_site(out, tmp_path / "site")
    folder = release(out, sources(tmp_path / "b", two_rows()), date="2026-05-01").folder
    (folder / "data.js").write_text("x")
    with pytest.raises(LeaderboardError, match="was touched"):
        write_site(out, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_list_that_was_changed_is_neither_verified_nor_published(tmp_path: Path) -> None:
    """Every page loads `versions.js`: what stands in it runs beside the numbers."""
    out = released(tmp_path)
    assert folder_problems(out) == {}
    for name in ("versions.js", "versions.json"):
        good = (out / name).read_bytes()
        (out / name).write_bytes(good + b" ")
        refused(out, tmp_path / "site", name)
        (out / name).unlink()
        refused(out, tmp_path / "site", name)
        (tmp_path / "same").write_bytes(good)
        (out / name).symlink_to(tmp_path / "same")
        refused(out, tmp_path / "site", name)
        (out / name).unlink()
        (out / name).write_bytes(good)
    write_site(out, tmp_path / "site")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("extra.html", "file"),
        ("old", "folder"),
        ("link.js", "link"),
        ("inputs", "folder"),
        ("results/extra.html", "file"),
        ("results/phantom/lovt-2022/random/covid_linear.json", "link"),
        ("results/phantom/lovt-2022/other/covid_linear.jsonl", "file"),
        ("results/public", "link"),
        ("9.9.9/index.html", "file"),
    ],
)
def test_what_belongs_to_no_release_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    out, secret = released(tmp_path), tmp_path / "secret"
    secret.write_text("secret")
    path = out / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(secret)
    else:
        path.write_text("<script>")
    with pytest.raises(LeaderboardError):
        write_site(out, tmp_path / "site")
    assert not (tmp_path / "site").exists()
    if not name.startswith("9.9.9"):  # a release by its name: its own check refuses it
        assert list(folder_problems(out)) == [name]
    found = CliRunner().invoke(leaderboard, ["verify", "--all", "--accept-other-code", "--out", str(out)])
    assert found.exit_code == 1
    assert name.split("/")[0] in found.output


def test_a_release_or_its_records_behind_a_link_are_refused(tmp_path: Path) -> None:
    out = released(tmp_path)
    for name in ("1.0.0", "results"):
        (out / name).rename(tmp_path / "moved")
        (out / name).symlink_to(tmp_path / "moved")
        with pytest.raises(LeaderboardError, match=f"{name} is a link"):
            write_site(out, tmp_path / "site")
        assert name in folder_problems(out)
        (out / name).unlink()
        (tmp_path / "moved").rename(out / name)


def test_a_line_that_no_release_names_is_not_published(tmp_path: Path) -> None:
    out = released(tmp_path)
    path = out / "results" / "phantom" / "lovt-2022" / "random" / "covid_linear.jsonl"
    path.write_text(path.read_text() + "<script>\n")
    name = path.relative_to(out).as_posix()
    assert folder_problems(out) == {
        name: f"{name} has 1 line(s) of no release that are no records; remove them"
    }
    with pytest.raises(LeaderboardError, match="has 1 line"):
        write_site(out, tmp_path / "site")
    assert verify(out, "1.0.0").identical


def test_nothing_released_is_nothing_wrong(tmp_path: Path) -> None:
    assert folder_problems(tmp_path / "versions") == {}
    (tmp_path / "versions").mkdir()
    assert folder_problems(tmp_path / "versions") == {}
    (tmp_path / "versions" / "versions.js").write_text("alert(1)")
    assert list(folder_problems(tmp_path / "versions")) == ["versions.js"]


def test_what_a_writer_holds_and_what_is_being_built_are_no_strangers(tmp_path: Path) -> None:
    out = released(tmp_path)
    build_development(out, sources(tmp_path / "more", two_rows(better=0.6)))
    (out / ".tmp-dev-0123abcd").mkdir()
    (out / ".lock").touch()
    assert folder_problems(out) == {}
    write_site(out, tmp_path / "site")
    assert {path.name for path in (tmp_path / "site").iterdir()} == {
        "1.0.0", "results", "index.html", "versions.js", "versions.json",
    }  # fmt: skip


def released(tmp_path: Path) -> Path:
    release(tmp_path / "versions", sources(tmp_path / "workspace", two_rows()), date="2026-05-01")
    return tmp_path / "versions"


def refused(out: Path, target: Path, name: str) -> None:
    assert list(folder_problems(out)) == [name]
    with pytest.raises(LeaderboardError, match=name):
        write_site(out, target)
    assert not target.exists()


def test_a_folder_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    release(tmp_path / "versions", sources(tmp_path / "a", two_rows()), date="2026-05-01")
    with pytest.raises(LeaderboardError, match="there already"):
        write_site(tmp_path / "versions", tmp_path)
