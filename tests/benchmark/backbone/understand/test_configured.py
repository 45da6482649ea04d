"""A folder's configuration names the network; a file without one is found by its tensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
import transformers
from safetensors.torch import save_file

from lovt_bench.benchmark.backbone.tokens.model import TokenBackbone
from lovt_bench.benchmark.backbone.understand.configured import configured
from lovt_bench.benchmark.backbone.understand.folders import open_weights
from lovt_bench.benchmark.backbone.understand.trunk import understand_file


def test_a_folder_of_save_pretrained_is_read_without_arch(tmp_path: Path) -> None:
    sizes: dict[str, Any] = {
        "hidden_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "patch_size": 14,
    }
    theirs = transformers.Dinov2Model(transformers.Dinov2Config(**sizes, image_size=224)).eval()
    theirs.save_pretrained(tmp_path)
    found = understand_file(tmp_path, None)
    assert found.report.architecture == "hf.dinov2"
    assert "hf.dinov2 by the configuration in the folder" in found.report.found
    backbone = found.backbone()
    assert isinstance(backbone, TokenBackbone)
    image = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        ours = backbone.token_maps(image)[-1].flatten(2).transpose(1, 2)
        expected = theirs(image).last_hidden_state[:, 1:]
    assert float((ours - expected).abs().max() / expected.abs().max()) < 1e-5


def test_a_file_alone_is_found_in_a_process_apart(tmp_path: Path) -> None:
    save_file(timm.create_model("convnext_atto").state_dict(), tmp_path / "w.safetensors")
    assert understand_file(tmp_path / "w.safetensors", None).report.architecture == "timm.convnext_atto"


@pytest.mark.parametrize(
    ("file", "config", "expected"),
    [
        ("config.json", {"architecture": "convnext_atto.d2_in1k"}, "timm.convnext_atto"),
        ("config.json", {"architecture": "resnet50"}, "resnet50"),
        (
            "open_clip_config.json",
            {"model_cfg": {"vision_cfg": {"timm_model_name": "vit_base_patch16_224", "timm_pool": ""}}},
            "timm.vit_base_patch16_224",
        ),
        ("open_clip_config.json", {"model_cfg": {"vision_cfg": {"layers": 12}}}, None),
        ("open_clip_config.json", {"model_cfg": []}, None),
    ],
)
def test_configurations_of_timm_and_open_clip_name_a_network(
    tmp_path: Path, file: str, config: object, expected: str | None
) -> None:
    (tmp_path / file).write_text(json.dumps(config))
    name = "open_clip_model.safetensors" if file.startswith("open") else "model.safetensors"
    save_file({"a": torch.zeros(1)}, tmp_path / name)
    found = configured(open_weights(tmp_path))
    assert (None if found is None else found[0]) == expected
