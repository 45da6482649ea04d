"""A head is built for every task, and a backbone that lacks a level is told which."""

from __future__ import annotations

import pytest
import torch

from lovt_bench.tasks.heads import build_head, head_strides
from lovt_bench.tasks.profile import apply_profile, load_profile
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task, load_tasks

CHANNELS = {2: 4, 4: 4, 8: 4, 16: 4, 32: 4}


@pytest.mark.parametrize("spec", load_tasks(), ids=lambda spec: spec.id)
def test_every_task_has_a_head(spec):
    with torch.device("meta"):
        head = build_head(spec, CHANNELS, load_protocol())
    assert (
        head_strides(spec)
        == {"yolov3": (8, 16, 32), "linear": (32,), "unet": (1, 2, 4, 8, 16, 32)}[spec.head]
    )
    assert all(p.requires_grad for p in head.parameters())


def test_a_backbone_without_the_levels_is_refused():
    with pytest.raises(
        ValueError, match=r"head unet needs feature levels of strides \[2, 4\], .* has \[8, 16, 32\]"
    ):
        build_head(load_task("covid_unet_frozen"), {8: 4, 16: 4, 32: 4}, load_protocol())


def test_equal_seeds_give_equal_heads_and_others_do_not():
    spec, protocol = load_task("covid_linear"), load_protocol()
    heads = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        heads.append(build_head(spec, CHANNELS, protocol).state_dict()["conv.weight"])
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


@pytest.mark.parametrize("task", ["covid_unet_frozen", "rsna_frozen_1"])
def test_a_profile_narrows_hidden_layers_alone(task):
    spec, protocol = load_task(task), load_protocol()
    narrow = apply_profile(spec, load_profile("demo"))
    assert (spec.head_width_divisor, narrow.head_width_divisor) == (1, 8)
    assert "head_width_divisor" not in spec.to_json()
    shapes = []
    with torch.device("meta"):
        for each in (spec, narrow):
            state = build_head(each, CHANNELS, protocol).state_dict()
            shapes.append({name: value.shape for name, value in state.items()})
    assert shapes[0].keys() == shapes[1].keys()
    convolutions = [name for name, shape in shapes[0].items() if len(shape) == 4]
    for name in convolutions:
        for axis in (0, 1):
            (whole, part) = (shape[name][axis] for shape in shapes)
            if whole >= 64 and "laterals" not in name and whole % 64 == 0:
                assert part == whole // 8, name
    outs = [name for name in convolutions if name.endswith("out.weight")]
    assert all(shapes[0][name][0] == shapes[1][name][0] for name in outs)
