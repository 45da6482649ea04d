"""The option that nearly every command has."""

from __future__ import annotations

from pathlib import Path

import click

workspace_option = click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where generated things lie [default: $LOVT_BENCH_WORKSPACE, else workspace/].",
)
