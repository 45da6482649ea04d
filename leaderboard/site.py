"""The releases as a web site: copies of their folders, the list of versions, and a page that leads to the newest."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmark.disk.temporary import new_folder
from leaderboard.errors import LeaderboardError
from leaderboard.store import INPUTS
from leaderboard.version import releases
from leaderboard.version_index import INDEX, SCRIPT, check_releases

_REDIRECT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>lovt-bench leaderboard</title>
<meta http-equiv="refresh" content="0; url={target}">
<link rel="canonical" href="{target}">
<p><a href="{target}">The newest leaderboard</a></p>
</html>
"""


def write_site(out: Path, target: Path) -> list[str]:
    """Write the site into a folder that does not exist yet, and return the released versions, newest first.

    It appears whole. `dev` is not published. The inputs are: anyone can rebuild from them.

    Raises:
        LeaderboardError: there is no release, one was touched, or the folder exists.
    """
    check_releases(out)
    versions = releases(out)
    if not versions:
        raise LeaderboardError(f"no release in {out}: `lovt-bench leaderboard release` makes one")
    if target.exists():
        raise LeaderboardError(f"{target} is there already; choose a folder that is not")
    with new_folder(target, replace=False) as fresh:
        for name in (*versions, INPUTS):
            shutil.copytree(out / name, fresh / name)
        for name in (INDEX, SCRIPT):
            shutil.copyfile(out / name, fresh / name)
        redirect = _REDIRECT.format(target=f"{versions[0]}/index.html")
        (fresh / "index.html").write_text(redirect, encoding="utf-8")
    return versions
