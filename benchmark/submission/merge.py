"""What is declared of weights already, and what a submitter who comes again may leave out or has to replace."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmark.contract.submission import DeclaredWeights, Submission
from benchmark.submission.declare import Said
from benchmark.submission.read import SubmissionError


@dataclass(frozen=True)
class Settled:
    """What is said of a weight file, completed by what was declared of the same file before."""

    name: str
    sha256: str | None
    """Of the file when it was looked at first; None where that could not be read."""
    said: Said
    """Completed."""
    now: Said
    """What was said this time."""
    declared: DeclaredWeights | None
    """Of the same file; None where nothing was declared, or is replaced altogether."""
    force: bool

    def of_backbone(self, sha256: str, source_sha256: str | None) -> Said:
        """Return what is to be declared of a backbone that was made of the file, before any of it is written.

        Claims are of the backbone that they were measured with: another one of the same file (another encoder or
        architecture) does not inherit them.

        Args:
            sha256: Identity of the backbone.
            source_sha256: Of the file after the backbone was made of it.

        Raises:
            SubmissionError: the file has changed meanwhile, or another backbone is declared and `force` does not
                replace it.
        """
        if self.sha256 is not None and source_sha256 != self.sha256:
            raise SubmissionError(
                "the weight file changed while it was read: wait until it is written, call again"
            )
        known = self.declared.backbone_sha256 if self.declared else None
        if self.declared is None or known in (None, sha256):
            return self.said
        if self.force:
            return replace(self.said, claimed=self.now.claimed, claimed_track=self.now.claimed_track)
        raise SubmissionError(
            f"{self.name} is declared with the backbone {known[:16]}… ({self.declared.architecture}) of this file, "
            f"found is {sha256[:16]}…: take the --encoder, --arch or --level of that one, choose another name, or "
            "replace the declaration with --force"
        )


def settled(name: str, said: Said, declared: Submission | None, sha256: str, force: bool) -> Settled:
    """Return what is said, and where nothing is, what was declared of the same file before.

    Raises:
        SubmissionError: other weights are declared under the name, and `force` does not replace them.
    """
    known = declared.weights if declared else None
    if declared is None or known is None:
        return Settled(name, sha256, said, said, None, force)
    if known.sha256 != sha256:
        if force:
            return Settled(name, sha256, said, said, None, force)
        raise SubmissionError(
            f"{name} is declared with weights of SHA-256 {known.sha256[:16]}… ({known.file}), this file has "
            f"{sha256[:16]}…: take that file, choose another name, or replace the declaration with --force"
        )
    whole = Said(
        display_name=said.display_name or declared.display_name,
        supervision=said.supervision or declared.supervision,
        paper=said.paper or (str(declared.paper) if declared.paper else None),
        pretraining_data=said.pretraining_data or tuple(declared.pretraining_data),
        url=said.url or (str(known.url) if known.url else None),
        claimed=declared.claimed if said.claimed is None else said.claimed,
        claimed_track=said.claimed_track or declared.claimed_track,
    )
    return Settled(name, sha256, whole, said, known, force)
