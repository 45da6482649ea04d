"""`lovt-bench data`: thin commands over `benchmark.data`; nothing heavy is imported before a command runs."""

from __future__ import annotations

import importlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.options import protocol_option, workspace_option

if TYPE_CHECKING:
    from lovt_bench.benchmark.data.own.split import SplitBy

LAZY = {
    "croissant": (
        "lovt_bench.benchmark.cli.data_croissant",
        "Write the metadata of a store for tools of others.",
    ),
    "fetch": ("lovt_bench.benchmark.cli.data_fetch", "Download a dataset whose terms allow it."),
    "phantom": ("lovt_bench.benchmark.cli.data_phantom", "Write the synthetic X-rays in the raw layouts."),
    "show": ("lovt_bench.benchmark.cli.data_people", "Show a store: sex, age, view, patients, lesion areas."),
    "where": ("lovt_bench.benchmark.cli.data_where", "Say where images are: source, licence, files needed."),
}
"""Commands of other files, with the line that `--help` shows without importing them."""


class DataGroup(click.Group):
    """The group, with commands that are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *LAZY])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in LAZY:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(importlib.import_module(LAZY[cmd_name][0]), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = {name: command.get_short_help_str(80) for name, command in self.commands.items()}
        lines = own | {name: line for name, (_, line) in LAZY.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(lines.items()))


@click.group(cls=DataGroup)
def data() -> None:
    """Say where images are; prepare, list, show and verify image stores; write the phantom.

    \b
    Examples:
      lovt-bench data where rsna                                     # source, licence, files needed
      lovt-bench data prepare rsna --raw RSNA --splits SPLITS/rsna   # official splits
      lovt-bench data prepare nih-cxr --raw NIH                      # seeded splits
      lovt-bench data prepare own --format coco --raw DIR --name mine
      lovt-bench data list
      lovt-bench data show rsna
      lovt-bench data verify
    """


@data.command()
@click.argument("name")
@click.option(
    "--raw",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the raw files.",
)
@click.option(
    "--splits",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with train.csv, validation.csv, test.csv [default: seeded splits].",
)
@click.option(
    "--name", "own_name", metavar="NAME", help="Own images: how the data set is called from now on."
)
@click.option("--format", "form", metavar="FORMAT", help="Own images: coco, masks, voc or yolo.")
@click.option(
    "--table",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Own images: table with image, patient, split, sex, age, view [default: images.csv in --raw].",
)
@click.option(
    "--split-by",
    type=click.Choice(["auto", "column", "folder", "patient"]),
    default="auto",
    show_default=True,
    help="Own images: by a column of the table, by file or folder, or drawn by patient.",
)
@click.option("--skip-bad", is_flag=True, help="Leave out images that cannot be used, and list them.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes [default: one per core].")
@click.option("--force", is_flag=True, help="Prepare again even if nothing changed.")
@protocol_option
@workspace_option
def prepare(
    name: str,
    raw: Path,
    splits: Path | None,
    own_name: str | None,
    form: str | None,
    table: Path | None,
    split_by: SplitBy,
    skip_bad: bool,
    workers: int | None,
    force: bool,
    protocol: str,
    workspace: Path | None,
) -> None:
    """Make an image store from the raw files of dataset NAME.

    NAME is one that `lovt-bench data list` shows, or `own` for your own images (docs/own-data.md). The store goes to
    WORKSPACE/data/NAME, that of a protocol with other data entries beside it. What is prepared already is found and
    left alone; what was cut off goes on. docs/data.md shows the raw layouts.

    \b
    Examples:
      lovt-bench data prepare rsna --raw RSNA --splits SPLITS/rsna
      lovt-bench data prepare siim --raw SIIM --skip-bad
      lovt-bench data prepare rsna --raw RSNA --protocol lovt-2026
      lovt-bench data prepare own --format coco --raw DIR --name mine
      lovt-bench data prepare own --format masks --raw DIR --name lungs --split-by patient
    """
    from lovt_bench.benchmark.cli.data_show import describe, progress_bar
    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.benchmark.data.own.dataset import OWN, read_own
    from lovt_bench.benchmark.data.patient_key import patient_key
    from lovt_bench.benchmark.data.prepare import prepare as prepare_store
    from lovt_bench.benchmark.workspace import workspace_root
    from lovt_bench.tasks.own_data import OwnTasksError, check_own_name, targets_of
    from lovt_bench.tasks.protocol import load_protocol
    from lovt_bench.tasks.registry import load_tasks

    root, own = workspace_root(workspace), name == OWN
    if own != bool(own_name) or own != bool(form):
        raise click.UsageError(
            "own images need --name and --format"
            if own
            else f"--name and --format belong to own images (`data prepare own`), not to {name}"
        )
    if not own and (table or split_by != "auto"):
        raise click.UsageError(
            f"--table and --split-by belong to own images (`data prepare own`), not to {name}; expected --splits DIR"
        )
    try:
        if own_name:
            check_own_name(own_name, load_tasks(workspace=root))
        with progress_bar(f"prepare {own_name or name}") as on_progress:
            outcome = prepare_store(
                read_own(raw, own_name, form, table, split_by, splits_given=splits is not None)
                if own_name and form
                else name,
                raw,
                root / "data",
                load_protocol(protocol),
                patient_key=partial(patient_key, root),
                splits_dir=splits,
                skip_bad=skip_bad,
                workers=workers,
                force=force,
                on_progress=on_progress,
            )
    except (DataError, KeyError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if outcome.found:
        say(f"{outcome.root} is up to date (same sources, same protocol); --force prepares it again.")
    say(describe(outcome.root, outcome.manifest, notes=outcome.found), lines=True)
    if own:
        try:
            targets_of(outcome.manifest)
            say(f"Next: lovt-bench tasks new {own_name}")
        except OwnTasksError as error:
            say(f"Note: {error}")


@data.command(name="list")
@workspace_option
def list_stores(workspace: Path | None) -> None:
    """List the stores of the workspace and the datasets that have none yet."""
    from lovt_bench.benchmark.cli.data_show import table
    from lovt_bench.benchmark.workspace import workspace_root

    say(table(workspace_root(workspace) / "data"), lines=True)


@data.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@protocol_option
@workspace_option
def verify(names: tuple[str, ...], protocol: str, workspace: Path | None) -> None:
    """Check stores: digests, counts, ranges. Ends with 1 if there is a problem.

    NAME is a dataset, for all its stores, or one store as `data list` names it; without NAME all stores are checked.

    \b
    Examples:
      lovt-bench data verify
      lovt-bench data verify rsna nih-cxr
    """
    from lovt_bench.benchmark.data.folders import store_folders
    from lovt_bench.benchmark.data.verify import verify_store
    from lovt_bench.benchmark.workspace import workspace_root
    from lovt_bench.tasks.protocol import load_protocol

    folder = workspace_root(workspace) / "data"
    try:
        entries = load_protocol(protocol)
    except (KeyError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    chosen = [
        root for name in names for root in store_folders(folder, name) or [folder / name]
    ] or store_folders(folder)
    if not chosen:
        raise click.ClickException(
            f"no store in {folder}; make one with: lovt-bench data prepare NAME --raw DIR"
        )
    failed = 0
    for root in chosen:
        report = verify_store(root, entries)
        failed += bool(report.problems)
        say(f"{root.name}: {'ok' if not report.problems else f'{len(report.problems)} problems'}")
        for problem in report.problems:
            say(f"  problem: {problem}")
        for remark in report.remarks:
            say(f"  {remark}")
    if failed:
        raise click.ClickException(f"{failed} of {len(chosen)} stores have problems; prepare them again")
