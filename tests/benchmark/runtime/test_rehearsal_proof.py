"""What a rehearsal says of two runs, of which one was stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.backbone import BackboneManifest, FeatureLevel, Provenance
from lovt_bench.benchmark.contract.run_contract import RunParameters
from lovt_bench.benchmark.runtime.rehearsal_proof import compared


def left(folder: Path, digit: str) -> Path:
    """Write the manifest that a run left."""
    folder.mkdir()
    manifest = BackboneManifest(
        name="mine",
        display_name="Mine",
        architecture="resnet18",
        levels=[FeatureLevel(name="c5", channels=512, stride=32)],
        parameters=1,
        weights_sha256=64 * digit,
        provenance=Provenance(),
        created="2026-01-01T00:00:00+00:00",
    )
    (folder / "backbone.json").write_text(manifest.to_json())
    return folder


def test_equal_weights_are_named(tmp_path: Path) -> None:
    found = compared(left(tmp_path / "resumed", "a"), left(tmp_path / "whole", "a"), learns=True)
    assert (found.level, found.message) == ("ok", "stopped and resumed as unbroken: aaaaaaaaaaaaaaaa")


def test_other_weights_are_an_error_that_says_what_a_checkpoint_lacks(tmp_path: Path) -> None:
    found = compared(left(tmp_path / "resumed", "b"), left(tmp_path / "whole", "a"), learns=True)
    assert found.level == "error"
    assert "expected the weights of an unbroken run (aaaaaaaaaaaaaaaa)" in found.message
    assert "found others (bbbbbbbbbbbbbbbb)" in found.message
    assert "keep all that training depends on in the checkpoint" in found.advice


@pytest.mark.parametrize(("learns", "level"), [(True, "error"), (False, "warning")])
def test_a_run_that_was_not_stopped_proves_nothing(learns: bool, level: str, tmp_path: Path) -> None:
    assert compared(None, left(tmp_path / "whole", "a"), learns=learns).level == level


def test_runs_that_are_compared_are_told_their_length() -> None:
    told = RunParameters(
        name="mine", seed=1, fraction=1, profile="demo", device="cpu", rehearsal=True, rehearsal_epochs=8
    ).environment(1)
    assert told["LOVT_BENCH_REHEARSAL_EPOCHS"] == "8"
