"""`lovt-bench results restore`: committed records, put into a workspace."""

from __future__ import annotations

from pathlib import Path

import click

from lovt_bench.benchmark.cli.console import note, say
from lovt_bench.benchmark.cli.leaderboard_options import results_option
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.workspace import workspace_root


@click.command()
@click.argument("name", required=False)
@click.option(
    "--from",
    "clone",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("leaderboard/results"),
    show_default=True,
    help="Folder of committed records, beside its folder `versions`.",
)
@results_option
@workspace_option
def restore(name: str | None, clone: Path, results: Path | None, workspace: Path | None) -> None:
    """Put committed records of backbone NAME, or of all, into the workspace, so that a build has their rows.

    The keeper of a board does this with what a pull request brought. A record whose run is there already stays away: do
    it in another workspace than the one that you evaluate NAME in yourself, for no run is done twice. A record that
    says who measured it is restored only if a release names it.

    \b
    Examples:
      lovt-bench results restore mine
      lovt-bench results restore --workspace /tmp/board      # the whole board, from a clone alone
    """
    from lovt_bench.benchmark.engine.record.records import append_lines
    from lovt_bench.leaderboard.errors import LeaderboardError
    from lovt_bench.leaderboard.releases.folder import named_records
    from lovt_bench.leaderboard.releases.waiting import lines_by_run

    folder, names = results or workspace_root(workspace) / "results", None if name is None else [name]
    beside = clone.resolve().parent
    versions = beside / "versions"
    try:
        named = named_records(versions if versions.is_dir() else beside)
        there, found = lines_by_run(clone, names), lines_by_run(clone, names, named.lines)
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error
    if not there:
        raise click.ClickException(f"no record{f' of {name}' if name else ''} in {clone}")
    count = sum(append_lines(folder / path, lines) for path, lines in found.items())
    total, trusted = (sum(map(len, lines.values())) for lines in (there, found))
    say(f"{count} run records restored to {folder}, of {total} in {clone}")
    if untrusted := total - trusted:
        note(
            f"{untrusted} run records say who measured them, and no release names them; they stay away, since anybody "
            "can write a name"
        )
