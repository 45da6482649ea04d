"""`lovt-bench submission`: begin one, check it, pack it, review it, list them, show one."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.backbone import backbone_errors
from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.json_text import json_text
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.cli.submission_pack import pack
from lovt_bench.benchmark.cli.submission_review import review
from lovt_bench.benchmark.cli.submission_test_command import test
from lovt_bench.benchmark.cli.submit_declaration import SUPERVISIONS, declaration_errors
from lovt_bench.benchmark.printable import printable
from lovt_bench.benchmark.workspace import workspace_root

if TYPE_CHECKING:
    from lovt_bench.benchmark.contract.submission import Supervision

CELL_WIDTH = 36
"""Characters of a cell on a terminal, then its text is broken."""

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def submission() -> None:
    """Begin a submission, check it, test it, pack it for a pull request, review one.

    A submission is a method in a container, or weights that were trained elsewhere and are declared.

    \b
    Examples:
      lovt-bench submission new my-method                       # a container method that works, to be changed
      lovt-bench submission new my-weights --weights FILE.pth   # a declaration to be filled in
      lovt-bench submission check my-method
      lovt-bench submission check --all                         # every folder of submissions/
      lovt-bench submission test ./my-method                    # trains two steps, resumes, exports, two tasks
      lovt-bench submission pack my-weights                     # what a pull request brings
      lovt-bench submission review                              # as the repository's checks do
      lovt-bench submission list
      lovt-bench submission show lovt
      lovt-bench submission data                                # names for pretraining_data
    """


submission.add_command(pack)
submission.add_command(review)
submission.add_command(test)


@submission.command()
@click.argument("name")
@click.option(
    "--weights",
    metavar="FILE|FOLDER|hf:ORG/NAME",
    help="Declare this checkpoint instead of a method.",
)
@click.option("--display-name", help="What tables show [default: NAME].")
@click.option("--supervision", type=click.Choice(SUPERVISIONS), help="How the weights were trained.")
@click.option("--pretraining-data", multiple=True, metavar="NAME", help="See `lovt-bench submission data`.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder that NAME is made in [default: here].",
)
def new(
    name: str,
    weights: str | None,
    display_name: str | None,
    supervision: Supervision | None,
    pretraining_data: tuple[str, ...],
    into: Path,
) -> None:
    """Make the folder NAME with a submission that works.

    \b
    Examples:
      lovt-bench submission new my-method
      lovt-bench submission new my-method --into methods
      lovt-bench submission new my_method --into submissions    # in a clone: what a pull request brings
      lovt-bench submission new my-weights --weights moco.pth --pretraining-data NIH
    """
    with backbone_errors(), declaration_errors():
        from lovt_bench.benchmark.backbone.understand.hub import given_weights
        from lovt_bench.benchmark.submission.declare import stated
        from lovt_bench.benchmark.submission.scaffold import argument_for, new_container, new_weights

        said = stated(
            (), display_name=display_name, supervision=supervision, pretraining_data=pretraining_data
        )
        if weights is None:
            if said:
                raise click.UsageError(
                    "--display-name, --supervision and --pretraining-data go with --weights; of a method, edit its "
                    "submission.yaml"
                )
            folder = new_container(name, into)
        else:
            folder = new_weights(name, into, given_weights(weights), said)
    for path in sorted(folder.iterdir()):
        say(path)
    say(f"Next: lovt-bench submission check {shlex.quote(argument_for(folder))}", err=True)


@submission.command()
@click.argument("name_or_dir", required=False)
@click.option("--all", "everything", is_flag=True, help="Every folder of this repository's submissions/.")
@workspace_option
def check(name_or_dir: str | None, everything: bool, workspace: Path | None) -> None:
    """Check what can be checked without running anything; exit code 1 where something is wrong.

    NAME_OR_DIR is a folder, or a name that is looked for in $LOVT_BENCH_SUBMISSIONS (WORKSPACE/submissions where it
    is not set), this repository's submissions/, WORKSPACE/submissions and the folder here. What a pull request
    would lack is an error in submissions/, elsewhere a warning.

    \b
    Examples:
      lovt-bench submission check my-method
      lovt-bench submission check methods/my-method
      lovt-bench submission check --all
    """
    from lovt_bench.benchmark.cli.backbone import show_findings
    from lovt_bench.benchmark.cli.submission_check import findings_of, repository_folders
    from lovt_bench.benchmark.submission.find import locate

    if everything == (name_or_dir is not None):
        raise click.UsageError("expected NAME_OR_DIR, or --all")
    place = workspace_root(workspace)
    with declaration_errors():
        if name_or_dir is not None:
            wrong = show_findings(findings_of(*locate(name_or_dir, place), place))
        else:
            wrong = False
            for folder in repository_folders():
                say(f"{folder.name}:")
                wrong |= show_findings(findings_of(folder, (), place))
    if wrong:
        sys.exit(1)


@submission.command("list")
@_as_json
@workspace_option
def list_submissions(as_json: bool, workspace: Path | None) -> None:
    """Print one line a submission: kind, supervision, evidence, pre-training data.

    In a pipe the columns are separated by tabs.

    \b
    Examples:
      lovt-bench submission list
      lovt-bench submission list | cut -f1,4
      lovt-bench submission list --json
    """
    from lovt_bench.leaderboard.submission_view import summaries

    with declaration_errors(), _board_errors():
        rows, wrong = summaries(workspace_root(workspace))
    _print_rows(rows, as_json)
    for problem in wrong:
        say(f"left out: {problem}", err=True)


@submission.command()
@click.argument("name_or_dir")
@_as_json
@workspace_option
def show(name_or_dir: str, as_json: bool, workspace: Path | None) -> None:
    """Print everything about a submission: who, which weights, what they have seen, what was claimed and measured.

    \b
    Examples:
      lovt-bench submission show lovt
      lovt-bench submission show my-method --json
    """
    from lovt_bench.benchmark.cli.submission_text import lines_of
    from lovt_bench.leaderboard.submission_view import detail

    with declaration_errors(), _board_errors():
        found = detail(name_or_dir, workspace_root(workspace))
    if as_json:
        say(json_text(found.model_dump(mode="json")), lines=True)
        return
    for line in lines_of(found):
        say(line)


@submission.command()
@_as_json
def data(as_json: bool) -> None:
    """Print the names of pre-training data, and which evaluation datasets they may share images with.

    \b
    Examples:
      lovt-bench submission data
      lovt-bench submission data | grep -i nih
    """
    from lovt_bench.leaderboard.submission_view import data_rows

    _print_rows(data_rows(), as_json)


@contextmanager
def _board_errors() -> Iterator[None]:
    """Show errors about run records as one message."""
    from lovt_bench.leaderboard.errors import LeaderboardError

    try:
        yield
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error


def _print_rows(rows: Sequence[dict[str, str]], as_json: bool) -> None:
    """Print a table: aligned on a terminal, tab-separated in a pipe, or JSON."""
    if as_json:
        say(json_text(list(rows)), lines=True)
    elif sys.stdout.isatty():
        from tabulate import tabulate

        # Names are for copying and stay whole; the last columns are sentences and lists.
        widths = [None, None, *[CELL_WIDTH] * (len(rows[0]) - 2)] if rows else None
        aligned = tabulate(
            rows, headers="keys", tablefmt="simple", disable_numparse=True, maxcolwidths=widths
        )
        say(aligned, lines=True)
    elif rows:
        for line in [list(rows[0]), *(list(row.values()) for row in rows)]:
            say("\t".join(map(printable, line)), lines=True)
