"""What is declared of weights binds who submits them again, until it is replaced."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lovt_bench.benchmark.backbone.understand.folders import WeightFiles
from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.benchmark.submission.draft import Draft
from lovt_bench.benchmark.submission.merge import merged
from lovt_bench.benchmark.submission.read import SubmissionError

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
    said = merged("mine", {"paper": "https://example.org/p"}, declared(), ONE, force=False, backbone=BACKBONE)
    assert (said["display_name"], said["supervision"], said["paper"]) == (
        "Mine",
        "self",
        "https://example.org/p",
    )
    assert (said["claimed"], said["claimed_track"]) == ({"covid_linear": {"value": 0.5}}, "phantom")


def test_what_is_stated_of_the_weights_stands_beside_what_was_declared_of_them() -> None:
    said = merged("mine", {"weights": {"url": "https://example.org/w"}}, declared(), ONE, force=False)
    assert (said["weights"]["url"], said["weights"]["file"]) == ("https://example.org/w", "a.pth")


def test_claims_from_before_there_were_weights_are_inherited() -> None:
    claims = declared().model_copy(update={"weights": None})
    said = merged("mine", {"supervision": "text"}, claims, ONE, force=False, backbone=BACKBONE)
    assert (said["display_name"], said["supervision"]) == ("Mine", "text")
    assert said["claimed"] == {"covid_linear": {"value": 0.5}}


def test_a_declaration_without_a_backbone_binds_to_its_file_only() -> None:
    assert merged("mine", {}, declared(None), ONE, force=False, backbone=ANOTHER)["claimed"]
    with pytest.raises(SubmissionError, match="is declared with weights of SHA-256"):
        merged("mine", {}, declared(None), OTHER, force=False)


def test_another_backbone_needs_force_and_inherits_no_claims() -> None:
    with pytest.raises(SubmissionError, match=f"{BACKBONE[:16]}… .* found is {ANOTHER[:16]}….* --force"):
        merged("mine", {}, declared(), ONE, force=False, backbone=ANOTHER)
    said = merged("mine", {}, declared(), ONE, force=True, backbone=ANOTHER)
    assert said["display_name"] == "Mine"
    assert not said.keys() & {"claimed", "claimed_track"}
    assert merged("mine", {}, declared(), OTHER, force=True, backbone=ANOTHER) == {}


def test_a_later_field_is_inherited_without_a_line_of_code() -> None:
    """What the contract has is merged by name: nothing lists the fields a second time."""
    whole = {**declared().model_dump(), "licence": "CC-BY-4.0", "description": "Ours."}
    said = merged("mine", {}, Submission.model_validate(whole), ONE, force=False)
    assert (said["licence"], said["description"]) == ("CC-BY-4.0", "Ours.")


@pytest.mark.parametrize("known", [None, declared()])
def test_a_file_that_changed_while_it_was_read_is_refused(known: Submission | None, tmp_path: Path) -> None:
    """Else the declaration would name one file and the backbone be of another, as while a training still writes."""
    begun = Draft("mine", WeightFiles(tmp_path, "file", ()), {}, known, ONE, tmp_path, (), force=True)
    with pytest.raises(SubmissionError, match="changed while it was read"):
        begun.check(BACKBONE, OTHER, allow_twins=False)
