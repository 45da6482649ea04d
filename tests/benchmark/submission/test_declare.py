"""A declaration is the contract's fields, by name: nothing else lists them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import HttpUrl, ValidationError

from lovt_bench.benchmark.backbone.understand.folders import WeightFiles, open_weights
from lovt_bench.benchmark.contract.backbone import Provenance, repeated
from lovt_bench.benchmark.contract.claims import ClaimsError
from lovt_bench.benchmark.contract.declared_facts import DeclaredFacts
from lovt_bench.benchmark.contract.pretraining_data import UnknownDataError
from lovt_bench.benchmark.contract.submission import DeclaredWeights, Submission
from lovt_bench.benchmark.submission import declare as room
from lovt_bench.benchmark.submission import read
from lovt_bench.benchmark.submission.merge import merged
from lovt_bench.benchmark.submission.read import SubmissionError, read_folder


class _Later(Submission):
    """The contract of tomorrow: one field more."""

    code: HttpUrl | None = None


@pytest.fixture
def weights(tmp_path: Path) -> WeightFiles:
    path = tmp_path / "moco.pth"
    path.write_bytes(b"weights")
    return open_weights(path)


def test_a_field_more_is_stated_written_read_and_inherited_without_another_line(
    weights: WeightFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (room, read):
        monkeypatch.setattr(module, "Submission", _Later)
    sha256 = hashlib.sha256(b"weights").hexdigest()
    said = room.stated((), code="https://example.org/code", paper=None, display_name="Mine")
    assert said == {"code": "https://example.org/code", "display_name": "Mine"}
    path = room.write_declaration(tmp_path, room.declare("mine", said, weights, sha256))
    assert "code: https://example.org/code" in path.read_text().splitlines()
    before = read_folder(path.parent)
    again = room.declare("mine", merged("mine", {}, before, sha256, force=False), weights, sha256)
    assert again == before
    with pytest.raises(SubmissionError, match="an address holds a user name or password"):
        room.declare("mine", {"code": "https://me:secret@example.org/"}, weights, sha256)


def test_a_declared_fact_is_in_the_manifest_of_the_backbone(weights: WeightFiles) -> None:
    said = room.stated((), paper="https://example.org/p", pretraining_data=["none"], supervision="self")
    declared = room.declare("mine", said, weights, "a" * 64)
    assert DeclaredFacts.model_fields.keys() <= repeated(declared).keys()
    found = Provenance(**repeated(declared))
    assert (str(found.paper), found.pretraining_data) == ("https://example.org/p", ["none"])


def test_a_declared_backbone_has_an_architecture() -> None:
    file = {"file": "a.pth", "sha256": "a" * 64, "bytes": 5}
    assert DeclaredWeights.model_validate(file).architecture is None
    with pytest.raises(ValidationError, match="has an architecture: say which"):
        DeclaredWeights.model_validate({**file, "backbone_sha256": "b" * 64})


def test_what_does_not_fit_is_named(weights: WeightFiles, tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match=r"the declaration does not fit: paper: .*found 'nowhere'"):
        room.declare("mine", room.stated((), paper="nowhere"), weights, "a" * 64)
    with pytest.raises(UnknownDataError, match="did you mean mimic-cxr"):
        room.stated((), pretraining_data=["mimic-cxx"])
    (tmp_path / "claims.csv").write_text("task,value\ncovid_linear,46.3\n")
    with pytest.raises(ClaimsError, match="does not say its unit"):
        room.stated(["covid_linear"], claimed=tmp_path / "claims.csv")


def test_a_model_of_the_hub_is_declared_by_its_address(weights: WeightFiles) -> None:
    address = f"hf:acme/rad-dino.v2@{'1' * 40}"
    declared = room.declare("mine", {}, replace(weights, address=address), "a" * 64).weights
    assert declared is not None
    assert declared.file == address
    for wrong in ("hf:acme/rad", "hf:../x@" + "1" * 40, "hf:acme/rad@main"):
        with pytest.raises(SubmissionError, match="the declaration does not fit"):
            room.declare("mine", {}, replace(weights, address=wrong), "a" * 64)
