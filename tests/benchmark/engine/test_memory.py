"""Layout by device, and malloc's cooperation where there is glibc."""

import platform

import torch

from benchmark.engine.memory import keep_freed_memory, release_memory, training_format


def test_heads_are_contiguous_on_a_cpu_and_channels_last_on_cuda():
    assert training_format(torch.device("cpu")) is torch.contiguous_format
    assert training_format(torch.device("cuda", 0)) is torch.channels_last


def test_malloc_takes_the_thresholds_where_it_is_glibcs_and_nothing_breaks_elsewhere():
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")
    release_memory()
