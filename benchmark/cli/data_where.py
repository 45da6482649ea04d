"""`lovt-bench data where`: where the images of a dataset are, under which terms, and which files its splits need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.console import say

if TYPE_CHECKING:
    from lovt_bench.benchmark.contract.data_source import DataSource, NeededFile

STATES = {
    "open": "anyone may download",
    "account": "needs an account",
    "closed": "official source closed, as last reported",
}
INDENT = 10


@click.command()
@click.argument("name", required=False)
@click.option(
    "--splits",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with train.csv, validation.csv, test.csv: print the files that they need, one a line.",
)
def where(name: str | None, splits: Path | None) -> None:
    """Say where the images of dataset NAME are: source, licence, size, what to accept, which files are needed.

    Without NAME, a line for each dataset. `docs/where.md` has all of it.

    \b
    Examples:
      lovt-bench data where
      lovt-bench data where nih-cxr
      lovt-bench data where rsna --splits SPLITS/rsna > files.txt
    """
    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.benchmark.data.needed import files_of
    from lovt_bench.benchmark.data.sources import described, source_of
    from lovt_bench.benchmark.data.split_files import read_split_files

    if name is None:
        if splits is not None:
            raise click.UsageError("--splits belongs to one dataset; give its NAME")
        say(overview([source_of(each) for each in described()]), lines=True)
        return
    try:
        source = source_of(name)
        if splits is not None:
            wanted = {split: file.ids for split, file in read_split_files(splits).items()}
            say("\n".join(files_of(source, wanted)), lines=True)
            return
    except DataError as error:
        raise click.ClickException(str(error)) from error
    say(described_text(source), lines=True)


def overview(sources: list[DataSource]) -> str:
    """Return a table with a line for each dataset."""
    from tabulate import tabulate

    rows = [[one.dataset, STATES[one.state], one.pages[0], one.suite_without or ""] for one in sources]
    headers = ["dataset", "state", "official page", "suite without it"]
    return tabulate(rows, headers=headers, disable_numparse=True)


def described_text(source: DataSource) -> str:
    """Return all that is known of where a dataset comes from, in lines."""
    lines = [f"{source.dataset}: {source.title}"]
    lines += _field("source", [f"{source.pages[0]} ({STATES[source.state]})", *source.pages[1:]])
    lines += _field("licence", [source.licence])
    lines += _field("accept", [source.accept])
    lines += _field("size", [source.size])
    lines += _field("steps", source.steps)
    if source.suite_without is not None:
        lines += _field("without", [f"--suite {source.suite_without} takes the tasks that do without it"])
    lines += _field("fetch", [source.no_fetch or f"lovt-bench data fetch {source.dataset} --to DIR"])
    lines += _field("needs", [_needed(source, file) for file in source.needs])
    lines += _field("read in", source.sources)
    lines += _field("unchecked", source.unchecked)
    return "\n".join(lines)


def _needed(source: DataSource, file: NeededFile) -> str:
    from lovt_bench.benchmark.contract.data_source import ID
    from lovt_bench.benchmark.data.needed import official_counts

    name = " or ".join([file.file.replace(ID, "ID"), *file.also])
    if not file.each:
        return f"{name} (optional)" if file.optional else name
    counts = {split: images for split, images in official_counts(source).items() if split in file.splits}
    said = ", ".join(f"{images} {split}" for split, images in counts.items())
    return f"{name}: {sum(counts.values())} files ({said})" if counts else name


def _field(title: str, texts: list[str]) -> list[str]:
    return [f"  {title if not place else '':{INDENT}}{text}" for place, text in enumerate(texts)]
