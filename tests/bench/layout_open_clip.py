"""What open_clip writes, where it is installed: towers of timm beside a text tower of transformers, and its own ViT."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import transformers
from safetensors.torch import save_file
from torch import Tensor

INSTALLED = importlib.util.find_spec("open_clip") is not None

TIMM_TOWER = {
    "timm_model_name": "vit_tiny_patch16_224",
    "timm_model_pretrained": False,
    "timm_pool": "",
    "timm_proj": "linear",
    "image_size": 224,
}
OWN_TOWER = {"layers": 2, "width": 128, "head_width": 64, "patch_size": 16, "image_size": 224}
NAMED = ("--arch", "timm.vit_base_patch16_clip_quickgelu_224")
SAID = (*NAMED, "--option", "depth=2", "--option", "embed_dim=128", "--option", "num_heads=2")
"""What `submit` has to be told of so small a tower, which no library has a name for."""


def like_biomed_clip(folder: Path) -> Any:
    """Return CustomTextCLIP as BiomedCLIP has it, its text tower tiny."""
    from open_clip.model import CustomTextCLIP

    text = folder / "text"
    tiny: dict[str, Any] = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
    }
    transformers.BertConfig(**tiny, vocab_size=64).save_pretrained(text)
    said = {
        "hf_model_name": str(text),
        "hf_model_pretrained": False,
        "hf_proj_type": "mlp",
        "context_length": 32,
    }
    return CustomTextCLIP(64, TIMM_TOWER, {**said, "hf_pooler_type": "cls_last_hidden_state_pooler"})


def own_vit(folder: Path) -> Any:
    """Return CLIP with open_clip's own vision transformer and quick GELU."""
    from open_clip.model import CLIP

    text = {"context_length": 8, "vocab_size": 64, "width": 32, "heads": 2, "layers": 1}
    return CLIP(64, OWN_TOWER, text, quick_gelu=True)


def write(network: Any, vision: Mapping[str, Any], folder: Path, **more: Any) -> None:
    """Write a folder as open_clip pushes it to the Hub."""
    said = {
        "model_cfg": {"embed_dim": 64, "vision_cfg": vision, "text_cfg": {}, **more},
        "preprocess_cfg": {},
    }
    (folder / "open_clip_config.json").write_text(json.dumps(said))
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")


def tokens_of(network: Any, image: Tensor) -> Tensor:
    """Return the patch tokens of the image tower, by open_clip's own forward."""
    tower = network.visual
    if hasattr(tower, "trunk"):
        found: Tensor = tower.trunk.forward_features(image)
        return found
    tower.output_tokens = True
    _, patches = tower(image)
    return patches
