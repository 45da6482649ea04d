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
from timm.models import save_for_hf

from lovt_bench.benchmark.backbone.model import BackboneError
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


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"hidden_size": 96}, r"cls_token expected \[1, 1, 96\], found \[1, 1, 48\]"),
        ({"num_hidden_layers": 3}, r"tensors are missing: encoder\.layer\.2\."),
    ],
)
def test_a_configuration_of_other_weights_is_told(
    tmp_path: Path, field: dict[str, Any], message: str
) -> None:
    sizes: dict[str, Any] = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 3}
    transformers.Dinov2Model(transformers.Dinov2Config(**sizes)).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | field))
    with pytest.raises(BackboneError, match=rf"{message}.*The configuration is not that of these weights"):
        understand_file(tmp_path, None)


def test_a_file_alone_is_found_in_a_process_apart(tmp_path: Path) -> None:
    save_file(timm.create_model("convnext_atto").state_dict(), tmp_path / "w.safetensors")
    assert understand_file(tmp_path / "w.safetensors", None).report.architecture == "timm.convnext_atto"


@pytest.mark.parametrize(
    ("file", "config", "expected"),
    [
        ("config.json", {"architecture": "convnext_atto.d2_in1k"}, "timm.convnext_atto"),
        (
            "config.json",
            {
                "architecture": "convnext_atto",
                "model_args": {"in_chans": 1, "num_classes": 3, "drop_path_rate": 0.1},
            },
            "timm.convnext_atto",
        ),
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


def test_what_timm_builds_a_network_with_is_taken_over(tmp_path: Path) -> None:
    """The folder is timm's own; the oracle is its own forward. Shapes fit without the arguments, too."""
    sizes: dict[str, Any] = {"num_heads": 12, "act_layer": "quick_gelu", "depth": 2, "drop_path_rate": 0.2}
    theirs: Any = timm.create_model("vit_tiny_patch16_224", num_classes=3, **sizes).eval()
    save_for_hf(theirs, str(tmp_path), safe_serialization=True)
    found = understand_file(tmp_path, None)
    assert found.report.options is not None
    assert found.report.options | {"num_heads": 12, "activation": "quick_gelu"} == found.report.options
    backbone = found.backbone()
    assert isinstance(backbone, TokenBackbone)
    image = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        ours = backbone.token_maps(image)[-1].flatten(2).transpose(1, 2)
        expected = theirs.forward_features(image)[:, 1:]
    assert float((ours - expected).abs().max() / expected.abs().max()) < 1e-5


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("convnext_atto", {"act_layer": "relu", "in_chans": 3}, "timm.convnext_atto with act_layer='relu'"),
        ("convnext_atto", {"patch_size": 4}, "timm.convnext_atto with patch_size=4"),
        ("resnet18", {"output_stride": 16, "global_pool": "avg"}, "resnet18 with output_stride=16"),
        (
            "vit_tiny_patch16_224",
            {"num_heads": 3, "norm_layer": "rmsnorm"},
            "with norm_layer='rmsnorm': features",
        ),
        ("vit_tiny_patch16_224", {"act_layer": "mish"}, "with act_layer='mish'"),
        ("vit_tiny_patch16_224", {"num_heads": [[3]]}, "with num_heads: features"),
        ("vit_tiny_patch16_224", {"levels": "quarters"}, "with levels='quarters'"),
        ("vit_tiny_patch16_224", {"\x1b[31mx": "y" * 5000}, "with x='yyy"),
    ],
)
def test_what_no_option_says_is_not_dropped(
    tmp_path: Path, name: str, arguments: dict[str, object], told: str
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architecture": name, "model_args": arguments}))
    save_file({"a": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(BackboneError, match=r"config\.json builds.*--arch.*--option KEY=VALUE") as error:
        configured(open_weights(tmp_path))
    assert told in str(error.value)
    assert "\x1b" not in str(error.value)
    assert len(str(error.value)) < 700


def clip_folder(folder: Path, model: dict[str, Any], vision: dict[str, Any]) -> Path:
    """Write what OpenCLIP leaves of its own vision transformer of this size, and return the folder."""
    config = {"model_cfg": {"vision_cfg": {"layers": 12, "width": 768, **vision}, **model}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize(
    ("model", "vision", "expected"),
    [
        ({}, {}, {"activation": "gelu", "num_heads": 12}),
        ({"quick_gelu": True}, {"head_width": 96}, {"activation": "quick_gelu", "num_heads": 8}),
        (
            {},
            {"act_kwargs": {"approximate": "tanh"}, "norm_kwargs": {"eps": 1e-6}},
            {"activation": "gelu_tanh", "num_heads": 12, "norm_eps": 1e-6},
        ),
    ],
)
def test_what_open_clip_builds_a_transformer_with_is_taken_over(
    tmp_path: Path, model: dict[str, Any], vision: dict[str, Any], expected: dict[str, object]
) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "open_clip_model.safetensors")
    assert configured(open_weights(clip_folder(tmp_path, model, vision))) == (None, expected)


@pytest.mark.parametrize(
    ("model", "vision", "told"),
    [
        ({}, {"norm_kwargs": {"elementwise_affine": False}}, "norm_kwargs"),
        ({"quick_gelu": True}, {"act_kwargs": {"approximate": "tanh"}}, "quick_gelu=True, act_kwargs"),
        ({"quick_gelu": "yes"}, {}, "quick_gelu='yes'"),
        ({}, {"head_width": 100}, "width=768, head_width=100"),
        ({}, {"head_width": 0}, "head_width=0"),
    ],
)
def test_what_no_option_says_of_open_clip_is_not_dropped(
    tmp_path: Path, model: dict[str, Any], vision: dict[str, Any], told: str
) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "open_clip_model.safetensors")
    with pytest.raises(BackboneError, match=r"open_clip_config\.json builds.*--arch") as error:
        configured(open_weights(clip_folder(tmp_path, model, vision)))
    assert told in str(error.value)
