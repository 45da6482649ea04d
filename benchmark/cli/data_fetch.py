"""`lovt-bench data fetch`: download a dataset whose terms allow it."""

from __future__ import annotations

from pathlib import Path

import click

from lovt_bench.benchmark.cli.console import say


@click.command()
@click.argument("name")
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that gets the files; later the --raw of `data prepare`.",
)
def fetch(name: str, target: Path) -> None:
    """Download and unpack the archives of dataset NAME, where terms and means allow it; else say where to go.

    Each archive is compared with its published size and MD5. A call that was cut off goes on where it stopped. An
    archive from a browser that lies in the folder under its published name is compared and taken.

    \b
    Examples:
      lovt-bench data fetch nih-cxr --to NIH
    """
    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.benchmark.data.fetch import fetch as fetch_archives
    from lovt_bench.benchmark.data.sources import source_of

    try:
        source = source_of(name)
        if source.archives:
            say(f"{source.title}: {source.download_size / 1e9:.1f} GB. {source.licence}")
        folders = fetch_archives(source, target)
    except DataError as error:
        raise click.ClickException(str(error)) from error
    say(f"{target} has the folders of {len(folders)} archives.")
    for file in source.needs:
        if not file.each:
            say(f"  {file.file}{' (optional)' if file.optional else ''}: {file.get}")
    say(f"Next: lovt-bench data prepare {name} --raw {target}")
