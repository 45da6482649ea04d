"""What a submitter declares beside the weights: the options of `lovt-bench submit`, read, completed, written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from benchmark.contract.backbone import BackboneManifest
    from benchmark.contract.dataset import Track
    from benchmark.contract.submission import Supervision
    from benchmark.submission.declare import Said
    from benchmark.submission.merge import Settled

SUPERVISIONS = ("none", "general", "labels", "self", "text", "unknown")

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--supervision", type=click.Choice(SUPERVISIONS), help="How it was trained [default: unknown]."
    ),
    click.option("--weights-url", help="Web address where others get the checkpoint."),
    click.option(
        "--claimed",
        type=click.Path(dir_okay=False, path_type=Path),
        help="CSV of the results you claim: task,percent or task,fraction, and interval95.",
    ),
    click.option(
        "--claimed-track",
        type=click.Choice(["public", "phantom"]),
        help="Which images the claimed results are of [default: public].",
    ),
    click.option(
        "--submissions",
        type=click.Path(file_okay=False, path_type=Path),
        help="Where NAME/submission.yaml is written [default: $LOVT_BENCH_SUBMISSIONS, else WORKSPACE/submissions].",
    ),
)


def submitter_options(command: _Command) -> _Command:
    """Add the options that declare something."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@contextmanager
def declaration_errors() -> Iterator[None]:
    """Show errors about declarations as one message."""
    from benchmark.contract.claims import ClaimsError
    from benchmark.contract.pretraining_data import UnknownDataError
    from benchmark.submission.read import SubmissionError

    try:
        yield
    except (ClaimsError, UnknownDataError, SubmissionError) as error:
        raise click.ClickException(str(error)) from error


def read_said(
    name: str,
    weights: Path,
    workspace: Path,
    submissions: Path | None,
    *,
    force: bool,
    display_name: str | None,
    paper: str | None,
    pretraining_data: tuple[str, ...],
    supervision: Supervision | None,
    weights_url: str | None,
    claimed: Path | None,
    claimed_track: Track | None,
) -> Settled:
    """Return what the options say, checked, completed by what is declared of the same weights already.

    Raises:
        UnknownDataError: data that the vocabulary does not hold.
        ClaimsError: claimed results that cannot be taken.
        SubmissionError: the name is a method's or other weights', or a field does not fit.
    """
    from benchmark.contract.claims import read_claims
    from benchmark.contract.pretraining_data import vocabulary
    from benchmark.disk.digest import file_sha256
    from benchmark.submission.declare import (
        Said,
        check_writable,
        declarations_root,
        declare,
        find_declaration,
        submission_roots,
    )
    from benchmark.submission.merge import Settled, settled
    from benchmark.submission.read import check_display_name
    from tasks.registry import load_tasks

    check_writable(declarations_root(workspace, submissions) / name)
    said = Said(
        display_name=display_name,
        supervision=supervision,
        paper=paper,
        pretraining_data=tuple(vocabulary().declare_all(pretraining_data)),
        url=weights_url,
        claimed=read_claims(claimed, [spec.id for spec in load_tasks()]) if claimed else None,
        claimed_track=claimed_track,
    )
    roots = submission_roots(workspace, submissions)
    # `submission new` writes a declaration where one stands.
    known = find_declaration(name, [*roots, Path.cwd()])
    # What is no file, or an empty one, is refused with its reason where it is read.
    sha256 = file_sha256(weights) if weights.is_file() and weights.stat().st_size else None
    if sha256 is None:
        whole = Settled(name, None, said, said, None, force)
    else:
        whole = settled(name, said, known, sha256, force)
        declare(name, whole.said, weights, sha256, None)
    check_display_name(name, whole.said.display_name or name, roots)
    return whole


def declaration_content(folder: Path) -> bytes | None:
    """Return the content of a declaration, None where there is none."""
    from benchmark.submission.declare import FILE

    try:
        return (folder / FILE).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextmanager
def declaring(folder: Path) -> Iterator[None]:
    """Let nobody else write the declaration of a folder for the block, and put it back as it was where that fails.

    A backbone and its declaration change both or neither.

    Raises:
        OSError: with the path.
    """
    from benchmark.disk.lock import hold
    from benchmark.disk.temporary import write_bytes
    from benchmark.submission.declare import FILE

    with hold(folder.with_name(f".{folder.name}.lock"), wait=True):
        before = declaration_content(folder)
        try:
            yield
        except BaseException:
            if before is None:
                (folder / FILE).unlink(missing_ok=True)
                with suppress(OSError):  # not there, or it holds more
                    folder.rmdir()
            elif before != declaration_content(folder):
                write_bytes(folder / FILE, before)
            raise


def identity_check(
    whole: Settled, workspace: Path, submissions: Path | None, allow_findings: bool
) -> Callable[[str, str | None], None]:
    """Return what raises where a backbone, by its digest and its file's, cannot stand under the name."""

    def check(sha256: str, source_sha256: str | None) -> None:
        from benchmark.submission.declare import declared_twins, submission_roots

        whole.of_backbone(sha256, source_sha256)
        twins = declared_twins(whole.name, sha256, submission_roots(workspace, submissions))
        if twins and not allow_findings:
            raise click.ClickException(
                f"{whole.name} is not written: {twins[0]} declares the same backbone, and one is enough to rank it "
                f"(`lovt-bench submission show {twins[0]}`); --allow-findings writes it all the same"
            )

    return check


def record(
    name: str, said: Said, weights: Path, made: BackboneManifest, workspace: Path, submissions: Path | None
) -> Path:
    """Write the declaration of a backbone that was made and return its path."""
    from benchmark.disk.digest import file_sha256
    from benchmark.submission.declare import declarations_root, declare, write_declaration

    sha256 = made.provenance.source_sha256 or file_sha256(weights)
    return write_declaration(
        declarations_root(workspace, submissions), declare(name, said, weights, sha256, made)
    )
