"""`lovt-bench submission review`: what a pull request brings, looked at without running anything of it."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.workspace import workspace_root

if TYPE_CHECKING:
    from lovt_bench.benchmark.backbone.findings import Finding
    from lovt_bench.benchmark.cli.submission_review_text import Section
    from lovt_bench.benchmark.cli.submission_trees import Trees
    from lovt_bench.benchmark.submission.change import Change
    from lovt_bench.benchmark.submission.change_rules import Brought
    from lovt_bench.leaderboard.change_review import BoardReview


@click.command()
@click.argument("head", default="HEAD")
@click.option("--base", default="main", show_default=True, help="What the change is for: a branch or commit.")
@click.option(
    "--summary",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append what was found as Markdown to this file, too.",
)
@workspace_option
def review(head: str, base: str, summary: Path | None, workspace: Path | None) -> None:
    """Look at the change HEAD as the repository's own checks do; exit code 1 where it cannot be merged as it is.

    Call it in a clone. The change is read from git: nothing of it is checked out, imported or run. It may change
    submissions/NAME, and add run records, boxes and counts of NAME below leaderboard/results. The board is built
    without it and with it. Boxes are scored anew where the workspace has the image stores.

    \b
    Examples:
      lovt-bench submission review                             # what HEAD has and main has not
      lovt-bench submission review their-branch --base origin/main --summary review.md
    """
    from lovt_bench.benchmark.backbone.findings import failed
    from lovt_bench.benchmark.cli.submission_review_text import as_markdown, as_text
    from lovt_bench.benchmark.submission.change import ChangeError, names_at, read_change
    from lovt_bench.benchmark.submission.change_rules import brought
    from lovt_bench.leaderboard.errors import LeaderboardError
    from lovt_bench.tasks.registry import load_tasks

    try:
        change = read_change(Path.cwd(), base, head)
        what = brought(change.files, names_at(change), [spec.id for spec in load_tasks()])
        findings, sections = _reviewed(change, what, workspace_root(workspace), (head, base))
    except (ChangeError, LeaderboardError) as error:
        raise click.ClickException(str(error)) from error
    for line in as_text(sections):
        say(line)
    if summary is not None:
        with summary.open("a", encoding="utf-8") as stream:
            stream.write(as_markdown(sections))
    if failed(findings):
        sys.exit(1)


def _reviewed(
    change: Change, what: Brought, root: Path, ends: tuple[str, str]
) -> tuple[list[Finding], list[Section]]:
    """Return all that was found, as findings and as sections of a summary."""
    from lovt_bench.benchmark.backbone.findings import failed
    from lovt_bench.benchmark.cli.submission_review_text import nothing, refused, sections
    from lovt_bench.benchmark.cli.submission_trees import read_texts, write_trees
    from lovt_bench.benchmark.submission.change_rules import content_findings
    from lovt_bench.leaderboard.change_review import review_boards

    found, texts = list(what.findings), {}
    if what.name is None and not found:
        return found, nothing()
    if not failed(found):
        texts = read_texts(change)
        found += content_findings(change.files, texts)
    if failed(found) or what.name is None:
        return found, refused(what, found)
    with tempfile.TemporaryDirectory(prefix="lovt-bench-review-") as scratch:
        trees = write_trees(change, what.name, texts, Path(scratch))
        found += [*trees.findings, *_submission_findings(what.name, trees, root)]
        board = review_boards(what.name, trees.before, trees.after)
        found += _board_findings(what.name, board)
        return found, sections(what, trees, board, found, ends)


def _submission_findings(name: str, trees: Trees, root: Path) -> Iterator[Finding]:
    """Yield what is wrong with the declaration, and with its records by themselves."""
    import hashlib

    from lovt_bench.benchmark.backbone.findings import Finding
    from lovt_bench.benchmark.cli.submission_scores import score_findings
    from lovt_bench.benchmark.submission.change_rules import RESULTS
    from lovt_bench.benchmark.submission.check import check_submission
    from lovt_bench.leaderboard.releases.committed import predicted
    from lovt_bench.leaderboard.releases.predictions import committed_predictions
    from lovt_bench.tasks.registry import load_tasks

    tasks = [spec.id for spec in load_tasks()]
    yield from check_submission(
        trees.after / "submissions" / name,
        tasks,
        root / "backbones",
        [trees.before / "submissions"],
        inside=True,
    )
    for who in sorted({record.measured_by for record in trees.added.records if record.measured_by}):
        yield Finding(
            "error",
            "measured_by",
            f"records name {who} as who measured them, which the keeper of a board says of its own measurements",
            "evaluate in another workspace without LOVT_BENCH_KEEPER",
        )
    folder = trees.after / RESULTS
    known = {
        path: hashlib.sha256((folder / path).read_bytes()).hexdigest()
        for path, _, _ in predicted(trees.added)
        if (folder / path).is_file()
    }
    yield from score_findings(
        trees.added.records, committed_predictions(trees.added, folder, known), root / "data"
    )


def _board_findings(name: str, board: BoardReview) -> Iterator[Finding]:
    from lovt_bench.benchmark.backbone.findings import Finding

    for item in board.contradictions:
        subject = "run records" if item.submission == name else f"run records of {item.submission}"
        yield Finding("error", subject, f"{item.track}: {item.about_task}", "remove these records")
