"""The releases as a web site: their files, their records, the list of versions, and a page that leads to the newest.

Only what a SHA256SUMS or a release names is copied, from the bytes that were compared with its digest.
"""

from __future__ import annotations

from pathlib import Path

from lovt_bench.benchmark.disk.temporary import new_folder
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.committed import FOLDER, copy, records_folder
from lovt_bench.leaderboard.releases.folder import folder_problems, named_records
from lovt_bench.leaderboard.releases.version import put_files, releases
from lovt_bench.leaderboard.releases.version_index import check_listed, checked_releases, index_of, list_files

_SHOWN = 5
"""Problems that a message names."""

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

    It appears whole. `dev` is not published. The records are: anyone can rebuild from them.

    Raises:
        LeaderboardError: There is no release, one was touched, the folder of versions holds what belongs to none of
            them, a record is lost, or the target exists.
    """
    check_listed(out)
    versions = releases(out)
    if not versions:
        raise LeaderboardError(f"no release in {out}: `lovt-bench leaderboard release` makes one")
    if target.exists():
        raise LeaderboardError(f"{target} is there already; choose a folder that is not")
    with new_folder(target, replace=False) as fresh:
        for version, files in checked_releases(out):
            put_files(fresh / version, files)
        if problems := folder_problems(out):
            more = f". And {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
            raise LeaderboardError(
                f"{out} is not published as it is: {'. '.join(list(problems.values())[:_SHOWN])}{more}"
            )
        copy(records_folder(out), named_records(fresh), fresh / FOLDER)
        lists = {name: text.encode() for name, text in list_files(index_of(fresh)).items()}
        first = _REDIRECT.format(target=f"{versions[0]}/index.html")
        put_files(fresh, {**lists, "index.html": first.encode()})
    return versions
