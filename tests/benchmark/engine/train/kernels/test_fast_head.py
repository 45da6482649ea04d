"""A head with faster convolutions is the same head: parameters, state and, to rounding, outputs and gradients."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from lovt_bench.benchmark.engine.train.kernels import fast_head as module
from lovt_bench.benchmark.engine.train.kernels.choice import head_of
from lovt_bench.benchmark.engine.train.kernels.fast_head import FastConv2d, fast_head, pays, used_winograd
from lovt_bench.tasks.heads.unet import UNetHead
from lovt_bench.tasks.heads.yolov3 import YoloV3Head
from tests.benchmark.engine.world import narrow_heads

CHANNELS = {1: 3, 2: 4, 4: 8, 8: 12, 16: 16, 32: 20}


def _pair(build):
    torch.manual_seed(0)
    plain = build().double()
    return plain, fast_head(copy.deepcopy(plain))


def _features(strides, side):
    generator = torch.Generator().manual_seed(1)
    return {
        stride: torch.randn(
            2, CHANNELS[stride], side // stride, side // stride, generator=generator, dtype=torch.float64
        )
        for stride in strides
    }


def test_state_keeps_its_names_and_values():
    plain, fast = _pair(lambda: YoloV3Head(CHANNELS, 2))
    before, after = plain.state_dict(), fast.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert [name for name, _ in plain.named_parameters()] == [name for name, _ in fast.named_parameters()]


@pytest.mark.parametrize(
    ("build", "convolutions"),
    [
        (lambda: YoloV3Head(CHANNELS, 2), 9),
        (lambda: UNetHead(CHANNELS, 1), 12),
    ],
    ids=["yolov3", "unet"],
)
def test_outputs_and_gradients_of_a_whole_head_are_equal(build, convolutions, monkeypatch):
    narrow_heads(monkeypatch)
    monkeypatch.setattr(module, "pays", lambda x, out_channels: True)
    plain, fast = _pair(build)
    assert sum(isinstance(layer, FastConv2d) for layer in fast.modules()) == convolutions
    features = _features((1, 2, 4, 8, 16, 32), 64)
    for head in (plain, fast):
        out = head(features)
        sum(level.square().mean() for level in (out if isinstance(out, tuple) else (out,))).backward()
    for (name, ours), theirs in zip(fast.named_parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-8, atol=1e-10, msg=name)


def test_only_the_convolution_that_is_computed_so_is_replaced():
    others = [
        nn.Conv2d(4, 4, 1),
        nn.Conv2d(4, 4, 3),
        nn.Conv2d(4, 4, 3, padding=1, stride=2),
        nn.Conv2d(4, 4, 3, padding=2, dilation=2),
        nn.Conv2d(4, 4, 3, padding=1, groups=2),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"),
        nn.ConvTranspose2d(4, 4, 3, padding=1),
    ]
    assert list(fast_head(nn.Sequential(*others)).children()) == others


def test_small_or_narrow_inputs_and_other_types_are_convolved_directly():
    assert pays(torch.empty(8, 512, 14, 14), 256)
    assert not pays(torch.empty(8, 64, 224, 224), 64)
    assert not pays(torch.empty(1, 512, 2, 2), 1024)
    assert not pays(torch.empty(8, 512, 14, 14, dtype=torch.bfloat16), 256)
    assert not pays(torch.empty(8, 512, 14, 14, device="meta"), 256)


@pytest.mark.parametrize(
    ("engine", "device", "replaced"),
    [("fast", "cpu", True), ("reference", "cpu", False), ("fast", "cuda", False)],
)
def test_the_reference_engine_and_other_devices_keep_the_head_as_it_is_written(engine, device, replaced):
    head = head_of(engine, YoloV3Head(CHANNELS, 2), torch.device(device))
    assert any(isinstance(layer, FastConv2d) for layer in head.modules()) == replaced


def test_whether_winograds_method_was_used_is_known_after_the_input_came():
    head = fast_head(nn.Sequential(nn.Conv2d(128, 128, 3, padding=1)))
    head(torch.zeros(1, 128, 4, 4))
    assert not used_winograd(head)
    head(torch.zeros(4, 128, 16, 16))
    assert used_winograd(head)
