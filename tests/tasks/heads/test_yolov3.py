"""YOLOv3 head: the published size on a ResNet-50, and the layout of its output."""

from __future__ import annotations

import torch

from lovt_bench.tasks.heads.yolov3 import YoloV3Head


def test_parameter_count_of_section_7():
    with torch.device("meta"):
        head = YoloV3Head({8: 512, 16: 1024, 32: 2048}, 1)
    assert sum(p.numel() for p in head.parameters()) == 21_626_934


def test_three_scales_coarsest_first_any_backbone_any_side():
    head = YoloV3Head({4: 3, 8: 4, 16: 5, 32: 6}, 2).eval()
    features = {
        stride: torch.randn(1, channels, 96 // stride, 96 // stride)
        for stride, channels in ((8, 4), (16, 5), (32, 6))
    }
    assert [tuple(out.shape) for out in head(features)] == [(1, 21, 3, 3), (1, 21, 6, 6), (1, 21, 12, 12)]


def test_under_autocast_the_upsampling_copies_in_half_precision_the_same_bits():
    """Copying in float32 doubles the memory of the widest maps and changes no value."""
    torch.manual_seed(0)
    head = YoloV3Head({8: 4, 16: 5, 32: 6}, 1).eval()
    branch, feature = torch.randn(2, 512, 3, 3), torch.randn(2, 5, 6, 6)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        lateral = head.laterals[0](branch)
        plain = torch.nn.functional.interpolate(lateral, scale_factor=2, mode="nearest")
        joined = head._join(0, branch, feature)
    assert lateral.dtype == joined.dtype == torch.bfloat16
    assert torch.equal(joined[:, : lateral.shape[1]].float(), plain.float())
    with torch.no_grad():
        assert head._join(0, branch, feature).dtype == torch.float32
