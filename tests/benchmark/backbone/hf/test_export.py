"""Networks of transformers as ONNX graphs, and as folders that are read back."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest
import torch

from lovt_bench.benchmark.backbone.architectures.hf.families import FAMILIES
from lovt_bench.benchmark.backbone.export import export_onnx
from lovt_bench.benchmark.backbone.folder import load_backbone, read_manifest, save_backbone
from lovt_bench.benchmark.backbone.registry import build
from lovt_bench.benchmark.contract.backbone import Provenance
from tests.benchmark.backbone.hf.tiny import PLAIN, STAGES

SHORT = {"num_hidden_layers": 1}
NETWORKS = {
    "distances and a bias of each": ("beit", {**PLAIN["beit-cls"].config, **SHORT}),
    "rotary positions": ("dinov3_vit", {**PLAIN["dinov3_vit-gated"].config, **SHORT}),
    "shifted windows": ("swin", {**STAGES["swin"].config, "depths": [2, 1, 1, 1]}),
}
SIDE = 64


@pytest.mark.parametrize("name", NETWORKS)
def test_a_graph_gives_the_same_maps(name: str) -> None:
    """The network is asked after the export, too: a table that it kept from a trace would be none."""
    model_type, config = NETWORKS[name]
    known = {field: value for field, value in config.items() if field in FAMILIES[model_type].fields}
    backbone = build(f"hf.{model_type}", {"config": {**known, "image_size": SIDE}}).eval()
    graph = onnxruntime.InferenceSession(export_onnx(backbone, SIDE), providers=["CPUExecutionProvider"])
    image = torch.randn(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        maps = backbone(image)
    for ours, theirs in zip(maps.values(), graph.run(None, {"image": image.numpy()}), strict=True):
        difference = (ours - torch.from_numpy(theirs)).abs().max()
        assert difference <= 1e-5 * ours.abs().max()


def test_a_folder_says_the_whole_configuration_and_is_read_back(tmp_path: Path) -> None:
    backbone = build(
        "hf.vit", {"config": {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}}
    )
    root = tmp_path / "backbones" / "mine"
    save_backbone(root, backbone, display_name="Mine", provenance=Provenance(method="mine"), onnx=False)
    manifest = read_manifest(root)
    assert manifest.architecture == "hf.vit"
    assert manifest.options == backbone.options
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        again = load_backbone(root)(image)
        for stride, expected in backbone.eval()(image).items():
            assert torch.equal(again[stride], expected)
