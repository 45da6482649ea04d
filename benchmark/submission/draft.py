"""The declaration of a weight file on its way: begun before the file is read, written with the backbone made of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lovt_bench.benchmark.contract.backbone import BackboneManifest, repeated
from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.benchmark.disk.lock import hold
from lovt_bench.benchmark.disk.temporary import write_bytes
from lovt_bench.benchmark.submission.declare import (
    check_writable,
    declarations_root,
    declare,
    declared_twins,
    find_declaration,
    submission_roots,
    write_declaration,
)
from lovt_bench.benchmark.submission.merge import Stated, merged
from lovt_bench.benchmark.submission.read import FILE, SubmissionError, check_display_name

if TYPE_CHECKING:
    from lovt_bench.benchmark.backbone.understand.folders import WeightFiles


@dataclass(frozen=True)
class Draft:
    """What is stated of weights, laid over what was declared of the same file or folder before."""

    name: str
    weights: WeightFiles
    stated: Stated
    before: Submission | None
    """Declared under the name; None where nothing is."""
    sha256: str | None
    """SHA-256 of file or folder (`WeightFiles.sha256`) at the first look; None where it is empty."""
    root: Path
    """Where NAME/submission.yaml is written."""
    roots: tuple[Path, ...]
    """Where submissions are looked for."""
    force: bool
    content: bytes | None = None
    """What the declaration in `root` said when this began; None where there was none."""

    @property
    def folder(self) -> Path:
        """The folder of the declaration."""
        return self.root / self.name

    def said(self, backbone: str | None = None) -> dict[str, Any]:
        """Return what is to be declared, of a backbone once there is one; see `merged`."""
        if self.sha256 is None:
            return dict(self.stated)
        return merged(self.name, self.stated, self.before, self.sha256, force=self.force, backbone=backbone)

    def facts(self) -> dict[str, Any]:
        """Return what the backbone's manifest repeats of the declaration."""
        if self.sha256 is None:
            return {}
        return repeated(declare(self.name, self.said(), self.weights, self.sha256))

    def check(self, backbone: str, source_sha256: str | None, *, allow_twins: bool) -> None:
        """Raise SubmissionError where a backbone cannot stand under the name.

        Args:
            backbone: Its identity.
            source_sha256: SHA-256 of file or folder after it was read.
            allow_twins: Whether others may have declared the same backbone.
        """
        if self.sha256 is not None and source_sha256 != self.sha256:
            raise SubmissionError(
                "the weight file changed while it was read: wait until it is written, call again"
            )
        self.said(backbone)
        twins = declared_twins(self.name, backbone, self.roots)
        if twins and not allow_twins:
            raise SubmissionError(
                f"{self.name} is not written: {twins[0]} declares the same backbone, and one is enough to rank it "
                f"(`lovt-bench submission show {twins[0]}`); --allow-findings writes it all the same"
            )

    def check_unchanged(self) -> None:
        """Raise SubmissionError where the declaration says something else by now than when this began."""
        if declaration_content(self.folder) != self.content:
            raise SubmissionError(
                f"{self.folder} was declared anew by another process meanwhile; look at it, and call again"
            )

    def write(self, made: BackboneManifest) -> Path:
        """Write the declaration of the backbone that was made and return its path.

        Raises:
            SubmissionError: Another backbone of the file is declared, or a method.
        """
        sha256 = made.provenance.source_sha256 or self.weights.sha256()
        submission = declare(self.name, self.said(made.sha256), self.weights, sha256, made)
        return write_declaration(self.root, submission)


def draft(
    name: str,
    weights: WeightFiles,
    stated: Stated,
    workspace: Path,
    submissions: Path | None = None,
    *,
    force: bool = False,
) -> Draft:
    """Return a checked draft; nothing is written.

    Args:
        name: The submission's name.
        weights: The file, or the files of a folder.
        stated: What the submitter says (`benchmark.submission.declare.stated`).
        workspace: The workspace root.
        submissions: Where declarations are written; None: the usual place.
        force: Whether what is declared of other weights is replaced.

    Raises:
        SubmissionError: The name is a method's or other weights', or a field does not fit.
    """
    root = declarations_root(workspace, submissions)
    content = declaration_content(root / name)
    check_writable(root / name)
    roots = tuple(submission_roots(workspace, submissions))
    begun = Draft(
        name=name,
        weights=weights,
        stated=stated,
        # `submission new` writes a declaration where one stands.
        before=find_declaration(name, [*roots, Path.cwd()]),
        # An empty file is refused with its reason where it is read.
        sha256=weights.sha256() if weights.size else None,
        root=root,
        roots=roots,
        force=force,
        content=content,
    )
    begun.facts()
    check_display_name(name, begun.said().get("display_name") or name, roots)
    return begun


def declaration_content(folder: Path) -> bytes | None:
    """Return the content of a declaration, None where there is none."""
    try:
        return (folder / FILE).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextmanager
def declaring(folder: Path) -> Iterator[None]:
    """Let nobody else write the declaration of a folder for the block, and put it back as it was where that fails.

    A backbone and its declaration change both or neither.

    Raises:
        OSError: With the path.
    """
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
