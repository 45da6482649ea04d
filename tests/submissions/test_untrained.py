"""The methods that learn nothing leave a backbone by the same contract; what they need and lack is said."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torchvision.models import resnet50

from lovt_bench.benchmark.backbone import imagenet as source
from lovt_bench.benchmark.backbone.folder import load_backbone, read_manifest
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.contract.exit_codes import ExitCode
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.submissions.common.untrained import command
from lovt_bench.submissions.imagenet.pretrain import convert
from lovt_bench.submissions.random.pretrain import draw

ROOT = Path(__file__).resolve().parents[2] / "submissions"


@pytest.mark.slow
def test_random_leaves_the_draw_of_its_seed(tmp_path: Path) -> None:
    arguments = ["--input", str(tmp_path), "--output", str(tmp_path), "--seed", "7", "--name", "draw"]
    result = CliRunner().invoke(command(draw, ROOT / "random"), arguments)
    assert result.exit_code == 0, result.output
    left, expected = (
        load_backbone(tmp_path / "backbone").state_dict(),
        random_draw("resnet50", 7).state_dict(),
    )
    assert all(torch.equal(left[name], expected[name]) for name in expected)
    manifest = read_manifest(tmp_path / "backbone")
    assert (manifest.name, manifest.provenance.seed, manifest.provenance.images) == ("draw", 7, 0)


def test_missing_imagenet_weights_end_in_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    result = CliRunner().invoke(command(convert, ROOT / "imagenet"), ["--output", str(tmp_path / "out")])
    assert result.exit_code == ExitCode.BAD_DATA
    assert "resnet50-0676ba61.pth" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_imagenet_is_converted_and_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in of the same layout, whose digest is made the expected one."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = source.cached_file()
    path.parent.mkdir(parents=True)
    torch.manual_seed(0)
    network = resnet50()
    torch.save(network.state_dict(), path)
    monkeypatch.setattr(source.load_imagenet, "__defaults__", ((file_sha256(path)[:8],),))
    result = CliRunner().invoke(command(convert, ROOT / "imagenet"), ["--output", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    manifest = read_manifest(tmp_path / "out" / "backbone")
    assert manifest.name == "imagenet"
    assert manifest.provenance.pretraining_data == ["ImageNet-1k (ILSVRC 2012)"]
    left = load_backbone(tmp_path / "out" / "backbone").state_dict()
    assert all(
        torch.equal(left[name], tensor) for name, tensor in network.state_dict().items() if name in left
    )
