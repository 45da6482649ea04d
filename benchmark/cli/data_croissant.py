"""`lovt-bench data croissant`: metadata of a store for others' tools."""

from __future__ import annotations

from pathlib import Path

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.options import workspace_option


@click.command()
@click.argument("name")
@workspace_option
def croissant(name: str, workspace: Path | None) -> None:
    """Write the Croissant metadata of store NAME beside its files, for tools that read MLCommons Croissant.

    NAME is a store as `data list` names it. Needs the extra `croissant`: pip install 'lovt-bench[croissant]'.

    \b
    Examples:
      lovt-bench data croissant rsna
    """
    from lovt_bench.benchmark.cli.json_text import json_text
    from lovt_bench.benchmark.contract.plain_file import holders
    from lovt_bench.benchmark.contract.untrusted import clean_text
    from lovt_bench.benchmark.data.croissant import FILE, metadata
    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.benchmark.data.format import MANIFEST
    from lovt_bench.benchmark.disk.temporary import write_text
    from lovt_bench.benchmark.workspace import workspace_root

    stores = workspace_root(workspace) / "data"
    names = holders(stores, MANIFEST)
    if name not in names:
        raise click.ClickException(
            f"{stores} has no store {clean_text(name, 80)}; there: {', '.join(names) or 'none'}. "
            "`lovt-bench data prepare` makes one"
        )
    root = stores / name
    try:
        write_text(root / FILE, json_text(metadata(root)) + "\n")
    except (FileNotFoundError, DataError) as error:
        raise click.ClickException(str(error)) from error
    say(f"{root / FILE}")
