"""Files and folders as libraries leave their networks, tiny and random, each with its library's own forward."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

import timm
import torch
import transformers
from safetensors.torch import save_file
from torch import Tensor

from tests.bench import layout_open_clip
from tests.benchmark.backbone.hf.tiny import (
    DINOV2,
    PLAIN,
    STAGES,
    VIT,
    Case,
    origin_maps,
    origin_tokens,
    saved,
)
from tests.benchmark.backbone.understand.test_transformers_of_others import (
    SMALL,
    State,
    clip,
    hub,
    mmpretrain,
    trained,
)

Forward = Callable[[Tensor], list[Tensor]]
"""From images (N, 3, 224, 224) to all tokens (N, T, width) in a list of one, or to the maps of strides 4 to 32."""


@dataclass(frozen=True)
class Made:
    """What was written."""

    weights: Path
    forward: Forward
    said: tuple[str, ...] = ()
    """Options of `submit` beside --weights."""


@dataclass(frozen=True)
class Layout:
    """One way in which weights come."""

    title: str
    library: str
    make: Callable[[Path], Made]
    """Writes into an empty folder."""


def _drawn(network: Any, folder: Path) -> Any:
    """Return the network with weights of its own: two layouts of the same would be taken for one backbone."""
    trained(network)
    generator = torch.Generator().manual_seed(crc32(folder.name.encode()))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += torch.randn(parameter.shape, generator=generator) * 0.01
    return network


def _of_transformers(case: Case, folder: Path) -> Made:
    origin = saved(case, folder)
    forward = (
        partial(origin_maps, origin)
        if case in STAGES.values()
        else lambda image: [origin_tokens(origin, image)]
    )
    # Never trained: units may be dead, and two layouts of one seed hold the same values.
    return Made(folder, forward, ("--allow-findings",))


def _with_head(network: Callable[[], Any], part: str, shard: str, folder: Path) -> Made:
    """Save a network that holds more than an encoder."""
    whole = _drawn(network(), folder)
    whole.save_pretrained(folder, max_shard_size=shard)
    return Made(folder, lambda image: [origin_tokens(whole.get_submodule(part), image)])


def _timm(
    name: str,
    options: Mapping[str, Any],
    renamed: Callable[[State], Any],
    folder: Path,
    said: tuple[str, ...] = (),
) -> Made:
    """Save a state dict under the names of a repository; the oracle is timm's network."""
    network = _drawn(timm.create_model(name, num_classes=0, **{**SMALL, **options}), folder)
    torch.save(renamed(network.state_dict()), folder / "weights.pth")
    chosen = {**SMALL, **{key: value for key, value in options.items() if key != "img_size"}}
    asked = [word for key, value in chosen.items() for word in ("--option", f"{key}={json.dumps(value)}")]
    return Made(
        folder / "weights.pth", partial(_timm_tokens, network), ("--arch", f"timm.{name}", *asked, *said)
    )


def _timm_tokens(network: Any, image: Tensor) -> list[Tensor]:
    tokens = network.forward_features(image)
    # EVA-02 norms what it pools; the file's norm is the norm of tokens.
    return [network.fc_norm(tokens) if isinstance(network.norm, torch.nn.Identity) else tokens]


def _timm_found(name: str, folder: Path) -> Made:
    """Save a network of its own size, which `submit` has to find."""
    network = _drawn(timm.create_model(name), folder)
    torch.save({"state_dict": network.state_dict(), "epoch": 3}, folder / "weights.pth")
    return Made(folder / "weights.pth", lambda image: [network.forward_features(image)])


def _timm_folder(config: Mapping[str, Any], file: str, prefix: str, folder: Path) -> Made:
    network = _drawn(timm.create_model(NAME, num_classes=0), folder)
    (folder / file).write_text(json.dumps(config))
    weights = {prefix + name: value for name, value in network.state_dict().items()}
    save_file(weights, folder / ("open_clip_model.safetensors" if prefix else "model.safetensors"))
    return Made(folder, lambda image: [network.forward_features(image)])


def _stages_of_timm(name: str, folder: Path) -> Made:
    network = _drawn(timm.create_model(name), folder)
    torch.save(network.state_dict(), folder / "weights.pth")
    return Made(
        folder / "weights.pth",
        lambda image: network.forward_intermediates(image, intermediates_only=True)[-4:],
    )


def _dinov2(real: Path, folder: Path) -> Made:
    """Take a folder that is there, of the size that DINOv2 has."""
    network = transformers.Dinov2Model.from_pretrained(real).eval()
    return Made(real, lambda image: [origin_tokens(network, image)])


def _open_clip(
    network: Callable[[Path], Any],
    vision: Mapping[str, Any],
    more: Mapping[str, Any],
    said: tuple[str, ...],
    folder: Path,
) -> Made:
    whole = _drawn(network(folder).eval(), folder)
    layout_open_clip.write(whole, vision, folder, **more)
    return Made(folder, lambda image: [layout_open_clip.tokens_of(whole, image)], said)


def _ibot(state: State) -> object:
    student = _below("module.backbone.", state) | {"module.head.mlp.0.weight": torch.zeros(8, 8)}
    return {
        "student": student,
        "teacher": _below("backbone.", state),
        "epoch": 800,
        "args": Namespace(arch="vit"),
    }


def _below(prefix: str, state: State) -> State:
    return {prefix + name: value for name, value in state.items()}


def _mae(state: State) -> object:
    decoder = {"mask_token": torch.zeros(1, 1, 8), "decoder_pos_embed": torch.zeros(1, 197, 8)}
    return {
        "model": state | decoder | {"decoder_blocks.0.norm1.weight": torch.zeros(8)},
        "optimizer": {"state": {}},
    }


def _moco(state: State) -> object:
    both = _below("module.base_encoder.", state) | _below("module.momentum_encoder.", state)
    return {"epoch": 300, "state_dict": both}


TOWER = VIT | {"image_size": 224}
TEXT = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "vocab_size": 64,
}
NAME = "vit_tiny_patch16_224"

LAYOUTS: dict[str, Layout] = {
    **{
        f"hf-{name.replace('_', '-')}": Layout(f"folder, `{name}`", "transformers", partial(_of_transformers, case))
        for name, case in {**PLAIN, **STAGES}.items()
    },
    "hf-shards": Layout(
        "folder of sharded safetensors, `dinov2`",
        "transformers",
        partial(
            _with_head, lambda: transformers.Dinov2ForImageClassification(transformers.Dinov2Config(**DINOV2)),
            "dinov2", "40KB",
        ),
    ),
    "hf-classifier": Layout(
        "folder of a classifier, `vit`",
        "transformers",
        partial(
            _with_head, lambda: transformers.ViTForImageClassification(transformers.ViTConfig(**VIT)), "vit", "5GB"
        ),
    ),
    "hf-mae-decoder": Layout(
        "folder of a MAE with decoder",
        "transformers",
        partial(
            _with_head,
            lambda: transformers.ViTMAEForPreTraining(
                transformers.ViTMAEConfig(
                    **VIT, mask_ratio=0.0, decoder_hidden_size=16, decoder_num_hidden_layers=1,
                    decoder_num_attention_heads=2, decoder_intermediate_size=16,
                )
            ),
            "vit", "5GB",
        ),
    ),
    "hf-siglip-towers": Layout(
        "folder of two towers, `siglip`",
        "transformers",
        partial(
            _with_head,
            lambda: transformers.SiglipModel(transformers.SiglipConfig(vision_config=TOWER, text_config=TEXT)),
            "vision_model", "5GB",
        ),
    ),
    "hf-clip-towers": Layout(
        "folder of two towers, `clip`",
        "transformers",
        partial(
            _with_head,
            lambda: transformers.CLIPModel(transformers.CLIPConfig(vision_config=TOWER, text_config=TEXT)),
            "vision_model", "5GB",
        ),
    ),
    "timm-found": Layout("file of `vit_tiny_patch16_224`, its network found", "timm", partial(_timm_found, NAME)),
    "timm-folder": Layout(
        "folder with `config.json` of timm",
        "timm",
        partial(_timm_folder, {"architecture": NAME, "num_classes": 0}, "config.json", ""),
    ),
    "open-clip-folder": Layout(
        "folder with `open_clip_config.json`",
        "timm, in open_clip's names",
        partial(
            _timm_folder,
            {"model_cfg": {"vision_cfg": {"timm_model_name": NAME, "timm_pool": "", "timm_proj": "linear"}}},
            "open_clip_config.json",
            "visual.trunk.",
        ),
    ),
    "hub-dinov2": Layout(
        "DINOv2's repository, `block_chunks=2`",
        "timm",
        partial(_timm, "vit_small_patch14_dinov2", {"img_size": 224}, partial(hub, chunk=2)),
    ),
    "mmpretrain": Layout("MMPretrain's names", "timm", partial(_timm, NAME, {}, mmpretrain)),
    "clip-tower": Layout("CLIP's names", "timm", partial(_timm, "vit_base_patch16_clip_224", {}, clip)),
    "mae": Layout("MAE's file, with decoder and optimiser", "timm", partial(_timm, NAME, {}, _mae)),
    "moco-v3": Layout(
        "MoCo v3, both copies",
        "timm",
        partial(_timm, NAME, {}, _moco, said=("--encoder", "module.base_encoder")),
    ),
    "ibot": Layout(
        "iBOT, student and teacher",
        "timm, in iBOT's names",
        partial(_timm, NAME, {}, _ibot, said=("--encoder", "teacher")),
    ),
    "mgca": Layout(
        "MGCA, Lightning",
        "timm",
        partial(
            _timm, NAME, {}, lambda state: {"state_dict": _below("img_encoder_q.model.", state), "loops": {}}
        ),
    ),
    "eva02": Layout(
        "EVA-02, rotary grid 14 x 14",
        "timm",
        partial(_timm, "eva02_tiny_patch14_224", {"patch_size": 16, "ref_feat_shape": (14, 14), "img_size": 224}, dict),
    ),
    "registers": Layout(
        "DINOv2 with registers",
        "timm",
        partial(_timm, "vit_small_patch14_reg4_dinov2", {"img_size": 224}, dict),
    ),
    "convnext": Layout("file of `convnext_atto`, its network found", "timm", partial(_stages_of_timm, "convnext_atto")),
}  # fmt: skip

OF_OPEN_CLIP: dict[str, Layout] = {
    "open-clip-biomed": Layout(
        "folder as BiomedCLIP's: a tower of timm, a text tower of transformers",
        "open_clip",
        partial(_open_clip, layout_open_clip.like_biomed_clip, layout_open_clip.TIMM_TOWER, {}, ()),
    ),
    "open-clip-own": Layout(
        "folder with open_clip's own ViT, quick GELU",
        "open_clip",
        partial(
            _open_clip,
            layout_open_clip.own_vit,
            layout_open_clip.OWN_TOWER,
            {"quick_gelu": True},
            layout_open_clip.SAID,
        ),
    ),
}


def layouts(dinov2: Path | None) -> dict[str, Layout]:
    """Return all layouts by name: those of open_clip where it is installed, a trained DINOv2 where one is given."""
    real = Layout("folder of a trained DINOv2 ViT-S/14", "transformers", partial(_dinov2, dinov2 or Path()))
    return {
        **LAYOUTS,
        **(OF_OPEN_CLIP if layout_open_clip.INSTALLED else {}),
        **({"dinov2-small": real} if dinov2 else {}),
    }
