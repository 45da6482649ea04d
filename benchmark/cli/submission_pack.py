"""`lovt-bench submission pack`: what a pull request brings, written into a clone."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from lovt_bench.benchmark.cli.console import note, say
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.cli.submit_declaration import declaration_errors
from lovt_bench.benchmark.workspace import workspace_root


@click.command()
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="A clone of the repository [default: here].",
)
@workspace_option
def pack(name: str, into: Path, workspace: Path | None) -> None:
    """Write what a pull request of NAME brings into a clone: its declaration, audit, run records, boxes and counts.

    Weights and masks stay where they are: the declaration and the records name their digests. Records on data or tasks
    of your own stay, too. What is there already is not changed. Nothing is written where `submission check` finds an
    error.

    \b
    Examples:
      lovt-bench submission pack mine
      lovt-bench submission pack mine --into ~/lovt-bench
    """
    from lovt_bench.benchmark.backbone.findings import failed
    from lovt_bench.benchmark.cli.backbone import show_finding
    from lovt_bench.benchmark.cli.submission_check import findings_of
    from lovt_bench.benchmark.disk.temporary import write_bytes
    from lovt_bench.benchmark.submission.find import locate
    from lovt_bench.leaderboard.errors import LeaderboardError
    from lovt_bench.leaderboard.releases.committed import records_folder
    from lovt_bench.leaderboard.releases.packed import pack_records
    from lovt_bench.tasks.registry import load_tasks

    root = workspace_root(workspace)
    if not (into / "leaderboard").is_dir() or not (into / "submissions").is_dir():
        raise click.ClickException(
            f"{into.resolve()} is no clone of lovt-bench: it has no leaderboard/ and submissions/; give --into"
        )
    with declaration_errors():
        folder, beside = locate(name, root)
        findings = findings_of(folder, beside, root)
        for finding in findings:
            if finding.level != "ok":
                show_finding(finding)
        if failed(findings):
            say("Nothing is packed.", err=True)
            sys.exit(1)
        target = into / "submissions" / folder.name
        brought = dict(_brought(folder, root / "backbones" / folder.name, target))
    try:
        packed = pack_records(
            folder.name,
            root / "results",
            records_folder(into / "leaderboard" / "versions"),
            [spec.id for spec in load_tasks()],
        )
    except LeaderboardError as error:
        raise click.ClickException(str(error)) from error
    for path, content in brought.items():
        write_bytes(path, content)
        say(path)
    say(f"leaderboard/results/: {packed.records} run records in {len(packed.files)} files")
    counts = f", of which {packed.masks} are counts whose masks stay here" if packed.masks else ""
    say(f"leaderboard/results/: {len(packed.predictions)} files of boxes and counts{counts}")
    if packed.left_out:
        say(
            f"{packed.left_out} files of predictions are not here or too large; a review passes their runs only "
            "where boxes are too large."
        )
    for text in packed.notes:
        note(text)
    say(
        f"Next: git add {shlex.quote(f'submissions/{folder.name}')} leaderboard/results && git commit",
        err=True,
    )
    say("      lovt-bench submission review    # what the repository's own checks will say", err=True)


def _brought(folder: Path, backbone: Path, target: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield the files of a submission that a clone lacks, and what they hold."""
    from lovt_bench.benchmark.contract.audit import AUDIT_FILE
    from lovt_bench.benchmark.contract.plain_file import is_plain, read_plain
    from lovt_bench.benchmark.submission.check_folder import BYTES_LIMIT, below
    from lovt_bench.benchmark.submission.declare import FILE, kind_of
    from lovt_bench.benchmark.submission.read import read_folder

    declared = kind_of(read_folder(folder), folder) in ("weights", "claims")
    own = [folder / FILE, folder / AUDIT_FILE] if declared else sorted(below(folder))
    sources = {path.relative_to(folder).as_posix(): path for path in own if is_plain(path)}
    if AUDIT_FILE not in sources and is_plain(backbone / AUDIT_FILE):
        sources[AUDIT_FILE] = backbone / AUDIT_FILE
    for name, path in sources.items():
        content, place = read_plain(path, BYTES_LIMIT), target / name
        if not is_plain(place):
            yield place, content
        elif read_plain(place, BYTES_LIMIT) != content:
            raise click.ClickException(
                f"{place} is there and differs from {path}; remove the one that is wrong"
            )
