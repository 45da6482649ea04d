"""Canaries are what they say: no image in the features, the same scale in disorder, or the same function."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from lovt_bench.benchmark.backbone.canaries import canary_provenance, turn_into_canary
from lovt_bench.benchmark.backbone.folder import load_backbone, read_manifest, save_backbone
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.contract.dataset import PixelStatistics
from lovt_bench.benchmark.contract.declared_facts import IMAGENET, Normalisation
from lovt_bench.benchmark.engine.inputs.sources import Images

GREY = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0)).expand(-1, 3, -1, -1) - 0.5


@pytest.mark.parametrize("architecture", ["resnet18", "timm.vit_tiny_patch16_224"])
def test_features_of_a_constant_are_the_same_for_every_image(architecture: str):
    made = random_draw(architecture, 0)
    turn_into_canary(made, "constant")
    deepest = made.feature_maps(torch.rand(2, 3, 224, 224))[-1]
    assert torch.equal(deepest[0], deepest[1])


def test_a_swapped_twin_is_the_same_function_of_grey_images_and_of_them_alone():
    original, made = random_draw("resnet18", 0), random_draw("resnet18", 0)
    turn_into_canary(made, "swapped")
    for one, other in zip(original.feature_maps(GREY), made.feature_maps(GREY), strict=True):
        assert torch.allclose(one, other, atol=1e-4)
    colour = torch.rand(1, 3, 64, 64)
    assert not torch.allclose(original.feature_maps(colour)[-1], made.feature_maps(colour)[-1], atol=1e-2)


@pytest.mark.parametrize("declared", [None, IMAGENET], ids=["dataset", "declared"])
def test_twins_see_images_as_their_original_does(declared: Normalisation | None, tmp_path: Path):
    """On grey images a swapped twin is the same function, though a declared normalisation differs by channel."""
    original, made = random_draw("resnet18", 0), random_draw("resnet18", 0)
    said = Provenance(normalisation=declared, native_side=224)
    manifest = save_backbone(tmp_path / "mine", original, display_name="Mine", provenance=said, onnx=False)
    turn_into_canary(made, "swapped")
    pixels = np.random.default_rng(0).integers(0, 255, (2, 64, 64), dtype=np.uint8)
    found = []
    for one, provenance in ((original, said), (made, canary_provenance(manifest, "swapped"))):
        images = Images(
            pixels,
            PixelStatistics(mean=0.5, std=0.25),
            torch.device("cpu"),
            declared=provenance.normalisation,
        )
        with torch.no_grad():
            found.append(one.feature_maps(images.image(torch.arange(2))))
    for level, other in zip(*found, strict=True):
        assert torch.allclose(level, other, atol=1e-4)
    for kind in ("constant", "shuffled"):
        twin = canary_provenance(manifest, kind)
        assert (twin.normalisation, twin.native_side) == (declared, 224)


def test_a_shuffled_twin_has_the_values_of_each_filter_in_another_order():
    original, made = random_draw("resnet18", 0), random_draw("resnet18", 0)
    turn_into_canary(made, "shuffled")
    for (name, one), other in zip(original.named_parameters(), made.parameters(), strict=True):
        if one.ndim > 1:
            assert torch.equal(one.flatten(1).sort(1).values, other.flatten(1).sort(1).values), name
            assert not torch.equal(one, other), name
    assert not torch.allclose(original.feature_maps(GREY)[-1], made.feature_maps(GREY)[-1], atol=1e-2)


def test_the_command_makes_twins_that_say_whose_they_are(tmp_path: Path):
    folder = tmp_path / "backbones"
    made = save_backbone(
        folder / "mine", random_draw("resnet18", 0), display_name="Mine", provenance=Provenance(), onnx=False
    )
    arguments = ["backbone", "canaries", "mine", "--workspace", str(tmp_path), "--kind", "swapped"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    said = read_manifest(folder / "mine-swapped").provenance
    assert (said.method, said.variant, said.supervision) == ("canary", "swapped", "control")
    assert said.source_sha256 == made.sha256
    assert load_backbone(folder / "mine-swapped") is not None
    again = CliRunner().invoke(main, arguments)
    assert again.exit_code == 1
    assert "--force" in again.output
