"""`lovt-bench leaderboard release, verify, diff, list`: versions that never change, and what changed between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.leaderboard_board import gather_sources, open_board
from lovt_bench.benchmark.cli.leaderboard_options import out_option, results_option
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.cli.over_images import has_over_images

if TYPE_CHECKING:
    from lovt_bench.benchmark.contract.release import Bump
    from lovt_bench.leaderboard.releases.sources import Sources
    from lovt_bench.leaderboard.releases.verify import Verification

SHOWN = 20
"""Problems shown of one version."""


@click.command()
@click.option("--major", "bump", flag_value="major", help="Protocol or data changed: not comparable.")
@click.option("--minor", "bump", flag_value="minor", help="Entries changed.")
@click.option("--patch", "bump", flag_value="patch", help="The same entries, shown otherwise.")
@click.option("--note", default="", metavar="TEXT", help="What you want to say about it.")
@click.option(
    "--with-own-data", is_flag=True, help="Commit records on own data, too, for all who get the folder."
)
@click.option(
    "--no-predictions",
    is_flag=True,
    help="Commit records alone, without boxes and counts: a fraction of the size, but nobody can rescore them.",
)
@results_option
@out_option
@workspace_option
def release(
    bump: Bump | None,
    note: str,
    with_own_data: bool,
    no_predictions: bool,
    results: Path | None,
    out: Path,
    workspace: Path | None,
) -> None:
    """Freeze what the records give as the next version, and append its run records to leaderboard/results.

    Without a step the least one is taken that the changes ask for; a smaller one is refused. The first release is
    1.0.0. If dev has intervals over images, so has the release, computed anew. Commit both folders afterwards:
    leaderboard/versions and leaderboard/results (with --out DIR: DIR with all that is in it).

    \b
    Examples:
      lovt-bench leaderboard release
      lovt-bench leaderboard release --minor --note "Two new methods"
    """
    from datetime import UTC, datetime

    from lovt_bench.leaderboard.releases.as_changes import plain_changes
    from lovt_bench.leaderboard.releases.committed import records_folder
    from lovt_bench.leaderboard.releases.release import release as freeze

    try:
        sources = gather_sources(results, workspace, over_images=has_over_images(out))
        own = sum(record.track == "own" for record in sources.records.records)
        if own and not with_own_data:
            raise click.ClickException(
                f"{own} run records are on own data, and a release commits its records for everybody: release from "
                "other records (--results DIR), or give --with-own-data"
            )
        date = f"{datetime.now(UTC):%Y-%m-%d}"
        made = freeze(out, sources, date=date, note=note, bump=bump, predictions=not no_predictions)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    for line in plain_changes(made.changes):
        say(line)
    for item in made.judgements:
        say(f"Control: {item.text}.")
    say(f"Released: {made.folder} ({made.bump}). Next: commit {out} and {records_folder(out)}")


@click.command()
@click.argument("version", required=False)
@click.option("--all", "every", is_flag=True, help="All released versions.")
@click.option(
    "--accept-other-code",
    is_flag=True,
    help="Succeed where nothing was touched or lost and only other code or libraries render otherwise.",
)
@click.option(
    "--rescore",
    is_flag=True,
    help="Compute the metrics of its runs anew, too, against the stores of the workspace, from its predictions or, "
    "where it has none, the committed ones.",
)
@results_option
@out_option
@workspace_option
def verify(
    version: str | None,
    every: bool,
    accept_other_code: bool,
    rescore: bool,
    results: Path | None,
    out: Path,
    workspace: Path | None,
) -> None:
    """Rebuild a version from its records, offline, and compare every file byte for byte.

    Releases are rebuilt from the committed records, dev from the workspace. With releases, what lies beside them is
    checked too: the lists of versions are made anew, and what belongs to no release is named. Names what differs and
    the first place; the exit code is 1 if anything does.

    \b
    Examples:
      lovt-bench leaderboard verify 1.2.0
      lovt-bench leaderboard verify --all
      lovt-bench leaderboard verify dev
      lovt-bench leaderboard verify 1.2.0 --rescore
    """
    from lovt_bench.leaderboard.errors import LeaderboardError
    from lovt_bench.leaderboard.releases.folder import folder_problems
    from lovt_bench.leaderboard.releases.verify import verify as verify_version
    from lovt_bench.leaderboard.releases.version import DEVELOPMENT, releases
    from lovt_bench.leaderboard.releases.version_index import check_listed

    if every == (version is not None):
        raise click.UsageError("name a version, or --all")
    good = True
    try:
        if every:
            check_listed(out)
        for name in releases(out) if every else [str(version)]:
            live = None
            if name == DEVELOPMENT:
                live = gather_sources(results, workspace, over_images=has_over_images(out))
            found = verify_version(out, name, live)
            good &= found.identical or (accept_other_code and found.explained)
            _tell(found)
            if rescore:
                # Versions made before predictions were kept have none.
                good &= _rescore(out, name, live, results, workspace) in ((True, None) if every else (True,))
        if version != DEVELOPMENT:
            good &= _tell_folder(folder_problems(out))
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error
    if every and not releases(out):
        say(f"No release in {out}.")
    if not good:
        raise click.exceptions.Exit(1)


def _rescore(
    out: Path, version: str, live: Sources | None, results: Path | None, workspace: Path | None
) -> bool | None:
    """Compute the metrics of a version's runs anew; return whether all are as recorded, None where none was scored."""
    from lovt_bench.benchmark.cli.results import rescored, tell
    from lovt_bench.benchmark.workspace import workspace_root
    from lovt_bench.leaderboard.releases.verify import released_runs

    root = workspace_root(workspace)
    records, committed = (live.records.records, {}) if live else released_runs(out, version)
    return tell(rescored(records, results or root / "results", root, committed), version)


def _tell_folder(problems: Mapping[str, str]) -> bool:
    """Say what is wrong beside the releases, and return whether nothing is."""
    if problems:
        say(f"Folder of versions: not as it was built, {len(problems)} problem(s)")
    _tell_all(f"touched: {text}" for text in problems.values())
    return not problems


def _tell_all(lines: Iterable[str]) -> None:
    every = list(lines)
    for line in every[:SHOWN]:
        say(f"  {line}")
    if len(every) > SHOWN:
        say(f"  … and {len(every) - SHOWN} more")


def _tell(found: Verification) -> None:
    if found.identical:
        say(f"{found.version}: {found.files} files rebuilt from {found.inputs} inputs, equal byte for byte")
        return
    word = "rebuilds otherwise" if found.explained else "not as it was built"
    say(f"{found.version}: {word}, {len(found.problems)} problem(s)")
    _tell_all(f"{problem.kind}: {problem.text}" for problem in found.problems)


@click.command()
@click.argument("first")
@click.argument("second", default="dev")
@out_option
def diff(first: str, second: str, out: Path) -> None:
    """Print what changed from one version to another: rows, cells, ranks, digests.

    \b
    Examples:
      lovt-bench leaderboard diff 1.0.0 1.1.0
      lovt-bench leaderboard diff 1.1.0          # to dev
    """
    from lovt_bench.leaderboard.releases.as_changes import plain_changes
    from lovt_bench.leaderboard.releases.changes import compare

    for line in plain_changes(compare(open_board(out, first), open_board(out, second))):
        say(line)


@click.command("list")
@out_option
def list_versions(out: Path) -> None:
    """List the versions, newest first.

    \b
    Examples:
      lovt-bench leaderboard list
    """
    from lovt_bench.leaderboard.errors import LeaderboardError
    from lovt_bench.leaderboard.releases.version import DEVELOPMENT, releases, sum_problems
    from lovt_bench.leaderboard.releases.version_index import chain_problems, describe_release
    from lovt_bench.leaderboard.text import clean

    try:
        for version in releases(out):
            touched = {**sum_problems(out / version), **chain_problems(out, version)}
            entry = None if touched else describe_release(out, version)
            text = f"{entry.date}  {clean(entry.summary, 200)}" if entry else "TOUCHED: see `verify`"
            say(f"{version:10s} {text}")
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error
    if (out / DEVELOPMENT).is_dir():
        say(f"{DEVELOPMENT:10s} the last build, not released")
    elif not releases(out):
        say(f"No version in {out}: `lovt-bench leaderboard build` writes one.")
