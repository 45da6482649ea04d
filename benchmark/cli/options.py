"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

workspace_option = click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where generated things lie [default: $LOVT_BENCH_WORKSPACE, else workspace/].",
)


def _one(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> str:
    """Refuse a second protocol: click would take the last one."""
    from lovt_bench.tasks.protocol import DEFAULT_PROTOCOL

    if len(set(values)) > 1:
        raise click.UsageError(
            f"--protocol is given as {' and '.join(values)}: results of two protocols never share a command; give one"
        )
    return values[0] if values else DEFAULT_PROTOCOL


protocol_option = click.option(
    "--protocol",
    multiple=True,
    callback=_one,
    metavar="NAME",
    help="File of tasks/protocols/: stores, results and tables of each are its own.  [default: lovt-2022]",
)
