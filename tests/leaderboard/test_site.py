"""The site holds the releases as they are, what they are rebuilt from, and a way to the newest."""

from __future__ import annotations

from pathlib import Path

import pytest

from leaderboard.errors import LeaderboardError
from leaderboard.release import build_development, release
from leaderboard.site import write_site
from leaderboard.verify import verify
from leaderboard.version import read_files
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
        "1.0.0", "1.1.0", "inputs", "index.html", "versions.js", "versions.json",
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


def test_a_folder_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    release(tmp_path / "versions", sources(tmp_path / "a", two_rows()), date="2026-05-01")
    with pytest.raises(LeaderboardError, match="there already"):
        write_site(tmp_path / "versions", tmp_path)
