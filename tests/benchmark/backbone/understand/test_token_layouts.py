"""Any layout of tokens: class token, registers, rows of the table, grid, patch, joined or split; timm's own forward."""

from __future__ import annotations

from typing import Any

import timm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lovt_bench.benchmark.backbone.understand.trunk import understand
from tests.benchmark.backbone.understand.test_transformers_of_others import furthest, image, tokens, trained

SIZES: dict[str, Any] = {"embed_dim": 24, "depth": 1, "num_heads": 2}


@settings(max_examples=10, deadline=None)
@given(
    class_token=st.booleans(),
    registers=st.sampled_from([0, 1, 4]),
    patches_only=st.booleans(),
    patch=st.sampled_from([28, 32]),
    grid=st.integers(3, 12),
    split=st.booleans(),
    prefix=st.sampled_from(["", "module.", "student.backbone."]),
)
def test_tokens_are_timms_whatever_tokens_and_positions_there_are(
    class_token: bool, registers: int, patches_only: bool, patch: int, grid: int, split: bool, prefix: str
) -> None:
    """The file has the table of its own side of training; timm resamples it in its forward of 224 pixels."""
    name = "vit_tiny_patch16_224" if class_token else "vit_base_patch16_siglip_224"
    options = {**SIZES, "patch_size": patch, "reg_tokens": registers, "no_embed_class": patches_only}
    theirs: Any = trained(
        timm.create_model(name, num_classes=0, img_size=patch * grid, dynamic_img_size=True, **options)
    )
    state = theirs.state_dict()
    if split:
        for key in [key for key in state if ".attn.qkv." in key]:
            for letter, third in zip("qkv", state.pop(key).chunk(3), strict=True):
                state[key.replace("qkv", f"{letter}_proj")] = third
    content = {"state_dict": {prefix + key: value for key, value in state.items()}}
    found = understand(content, f"timm.{name}", options=options)
    with torch.inference_mode():
        expected = theirs.forward_features(image())[:, theirs.num_prefix_tokens :]
    assert found.report.options is not None
    assert found.report.options["native_grid"] == grid
    assert furthest(tokens(found), expected) < 1e-5
