"""Layout by device."""

import torch

from lovt_bench.benchmark.engine.memory import training_format


def test_heads_are_contiguous_on_a_cpu_and_channels_last_on_cuda():
    assert training_format(torch.device("cpu")) is torch.contiguous_format
    assert training_format(torch.device("cuda", 0)) is torch.channels_last
