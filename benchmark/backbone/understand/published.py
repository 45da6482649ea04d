"""Published networks that are one of timm's with other sizes."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue


@dataclass(frozen=True)
class Preset:
    """A published network that is one of timm's with other sizes."""

    name: str
    architecture: str
    options: dict[str, JsonValue]
    patch: tuple[int, ...]
    """Shape of its first weight."""
    layout: str = ""
    """In which layout (`Dialect.name`) its publisher's files are; empty: nothing else has its names and shapes."""
    alike: str = ""
    """What else has them in other layouts."""


def _eva_x(letters: str, size: str, width: int) -> Preset:
    # timm scales rotary positions to another grid than EVA-X was trained on.
    options: dict[str, JsonValue] = {"patch_size": 16, "ref_feat_shape": [14, 14]}
    return Preset(f"EVA-X-{letters}", f"timm.eva02_{size}_patch14_224", options, (width, 3, 16, 16))


PRESETS = (
    _eva_x("Ti", "tiny", 192),
    _eva_x("S", "small", 384),
    _eva_x("B", "base", 768),
    Preset(
        "a ViT-L/16 of DINOv2's repository, as RayDINO",
        "timm.vit_large_patch14_dinov2",
        {"patch_size": 16},
        (1024, 3, 16, 16),
        "DINOv2's repository",
        "another ViT-L/16 with layer scale has these names and shapes, too",
    ),
    Preset(
        "a ViT-L/16 of DINOv2's repository with registers and gated units, as CheXFound",
        "timm.vit_large_patch14_reg4_dinov2",
        {"patch_size": 16, "swiglu": True, "mlp_ratio": 5.34375},
        (1024, 3, 16, 16),
    ),
)
