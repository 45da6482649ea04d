"""What is declared of weights binds who submits them again, until it is replaced."""

from __future__ import annotations

import hashlib

import pytest

from benchmark.contract.submission import Submission
from benchmark.submission.declare import Said
from benchmark.submission.merge import settled
from benchmark.submission.read import SubmissionError

ONE, OTHER, BACKBONE, ANOTHER = (hashlib.sha256(name.encode()).hexdigest() for name in ("a", "b", "c", "d"))


def declared(backbone: str | None = BACKBONE) -> Submission:
    return Submission.model_validate(
        {
            "name": "mine",
            "display_name": "Mine",
            "supervision": "self",
            "claimed": {"covid_linear": {"value": 0.5}},
            "claimed_track": "phantom",
            "weights": {
                "file": "a.pth",
                "sha256": ONE,
                "bytes": 5,
                "architecture": "resnet50",
                "backbone_sha256": backbone,
            },
        }
    )


def test_the_declared_backbone_inherits_everything() -> None:
    said = settled("mine", Said(paper="https://example.org/p"), declared(), ONE, False).of_backbone(
        BACKBONE, ONE
    )
    assert (said.display_name, said.supervision, said.paper) == ("Mine", "self", "https://example.org/p")
    assert (said.claimed, said.claimed_track) == (declared().claimed, "phantom")


def test_a_declaration_without_a_backbone_binds_to_its_file_only() -> None:
    assert settled("mine", Said(), declared(None), ONE, False).of_backbone(ANOTHER, ONE).claimed
    with pytest.raises(SubmissionError, match="is declared with weights of SHA-256"):
        settled("mine", Said(), declared(None), OTHER, False)


def test_another_backbone_needs_force_and_inherits_no_claims() -> None:
    with pytest.raises(SubmissionError, match=f"{BACKBONE[:16]}… .* found is {ANOTHER[:16]}….* --force"):
        settled("mine", Said(), declared(), ONE, False).of_backbone(ANOTHER, ONE)
    said = settled("mine", Said(), declared(), ONE, True).of_backbone(ANOTHER, ONE)
    assert (said.display_name, said.claimed, said.claimed_track) == ("Mine", None, None)
    assert settled("mine", Said(), declared(), OTHER, True).of_backbone(ANOTHER, OTHER) == Said()


@pytest.mark.parametrize("known", [None, declared()])
def test_a_file_that_changed_while_it_was_read_is_refused(known: Submission | None) -> None:
    """Else the declaration would name one file and the backbone be of another, as while a training still writes."""
    with pytest.raises(SubmissionError, match="changed while it was read"):
        settled("mine", Said(), known, ONE, True).of_backbone(BACKBONE, OTHER)
