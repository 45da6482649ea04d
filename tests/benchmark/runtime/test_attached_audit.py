"""A backbone that is trained again does not take over the audit of the one that it replaces, and none gets lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.contract.run_contract import RunParameters
from lovt_bench.benchmark.runtime.engine import Kind
from lovt_bench.benchmark.runtime.narrator import Narrator
from lovt_bench.benchmark.runtime.outputs import Outputs
from lovt_bench.benchmark.runtime.pretrain import pretrain
from lovt_bench.benchmark.runtime.runs import Run
from lovt_bench.benchmark.runtime.supervise import Ended, Exit
from tests.benchmark.runtime.test_inputs import INPUTS
from tests.benchmark.runtime.test_stamp import KNOWN


def write(root: Path, seed: int) -> None:
    provenance = Provenance(method=KNOWN.method, inputs_sha256="0" * 64)
    save_backbone(root, random_draw("resnet18", seed), display_name="Mine", provenance=provenance, onnx=False)


@dataclass(frozen=True)
class Drawn:
    """A runtime whose submission leaves drawn weights."""

    seed: int
    kind: Kind = "process"
    image_digest: str | None = None

    def run(self, run: Run, narrator: Narrator) -> Ended:
        write(run.output / "backbone", self.seed)
        return Ended(Exit(0))


@pytest.mark.slow
def test_the_audit_of_other_weights_is_laid_aside_and_told(tmp_path: Path) -> None:
    root, outputs = tmp_path / "backbones" / "mine", Outputs(tmp_path / "pretraining" / "mine")
    write(root, seed=0)
    (root / "audit.json").write_text("{}")
    outputs.open(INPUTS, resume=False, force=False)
    parameters = RunParameters(name="mine", seed=1, fraction=1, profile="demo", device="cpu")
    run = Run(parameters, tmp_path, outputs.folder)
    known = replace(KNOWN, image_digest=None)
    result = pretrain(Drawn(1), run, root, outputs, INPUTS, known, lambda event: None, force=True)
    warnings = [one.message for one in result.findings if one.subject == "audit.json"]
    (aside,) = (tmp_path / "audits").iterdir()
    assert aside.read_text() == "{}"
    assert len(warnings) == 1
    assert f"no longer attached, it is about other weights; it is now {aside}" in warnings[0]
    assert not (root / "audit.json").exists()
