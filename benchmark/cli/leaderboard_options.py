"""Options that the commands of the leaderboard share."""

from __future__ import annotations

from pathlib import Path

import click

VERSIONS = Path("leaderboard/versions")

out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=VERSIONS,
    show_default=True,
    help="Folder of versions.",
)

results_option = click.option(
    "--results",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of run records.  [default: results in the workspace]",
)
