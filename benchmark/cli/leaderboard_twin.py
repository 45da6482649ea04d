"""`lovt-bench leaderboard twin`: do rows keep their places on a phantom that nobody could see?"""

from __future__ import annotations

from pathlib import Path

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.leaderboard_board import gather_sources
from lovt_bench.benchmark.cli.options import workspace_option


@click.command()
@click.argument("hidden", type=click.Path(exists=True, file_okay=False, path_type=Path))
@workspace_option
def twin(hidden: Path, workspace: Path | None) -> None:
    """Compare places on the open phantom with those on its hidden twin, in workspace HIDDEN.

    The keeper of a board draws the twin with a secret seed and evaluates the same backbones there. A row that falls
    further than the others move by chance is flagged: it may have been fitted to the open phantom. Ends with 1 then.

    \b
    Examples:
      lovt-bench data phantom --seed-file ~/secret --out /hidden/phantom
      lovt-bench data prepare rsna --raw /hidden/phantom/rsna --workspace /hidden
      lovt-bench evaluate lovt --profile demo --workspace /hidden         # backbones copied or linked there
      lovt-bench leaderboard twin /hidden
    """
    from tabulate import tabulate

    from lovt_bench.leaderboard.board.hidden_twin import compare_twins
    from lovt_bench.leaderboard.errors import LeaderboardError
    from lovt_bench.leaderboard.releases.version import DEVELOPMENT

    try:
        boards = [gather_sources(None, place).board(DEVELOPMENT) for place in (workspace, hidden)]
        here, there = ({t.id: t for t in board.tables if _is_phantom(t.kind, t.track)} for board in boards)
        shared = [name for name in here if name in there]
        if not shared:
            raise click.ClickException(
                f"no phantom table is in both workspaces; open: {', '.join(here) or 'none'}; hidden: "
                f"{', '.join(there) or 'none'}. Evaluate the same backbones under one profile in both"
            )
        flagged = []
        for name in shared:
            moved = compare_twins(here[name], there[name])
            lines = [[m.name, m.open, m.hidden, m.hidden - m.open, m.p, "!" * m.flagged] for m in moved]
            head = ["row", "open", "hidden", "fall", "p (Holm)", ""]
            say(f"{name}: mean ranks")
            say(tabulate(lines, headers=head, floatfmt=("", ".2f", ".2f", "+.2f", ".3g", "")), lines=True)
            flagged += [m.name for m in moved if m.flagged]
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error
    if flagged:
        raise click.ClickException(
            f"beyond chance, better on the open phantom than on its hidden twin: {', '.join(flagged)}"
        )
    say("No row falls further than the others move by chance.")


def _is_phantom(kind: str, track: str) -> bool:
    return (kind, track) == ("runs", "phantom")
