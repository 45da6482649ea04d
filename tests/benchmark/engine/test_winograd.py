"""Convolution by Winograd's method against a direct one: forward and all gradients, odd sides, bands, rounding."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lovt_bench.benchmark.engine import winograd
from lovt_bench.benchmark.engine.winograd import winograd_conv2d


def _case(shape, out_channels, dtype, seed=0, bias=True):
    generator = torch.Generator().manual_seed(seed)

    def drawn(*sizes):
        return torch.randn(*sizes, generator=generator, dtype=torch.float64).to(dtype)

    x, weight = drawn(*shape), drawn(out_channels, shape[1], 3, 3)
    gradient = drawn(shape[0], out_channels, *shape[2:])
    return x, weight, drawn(out_channels) if bias else None, gradient


def _results(convolve, x, weight, bias, gradient):
    leaves = [tensor.detach().requires_grad_() for tensor in (x, weight, bias) if tensor is not None]
    out = convolve(*leaves)
    return [out.detach(), *torch.autograd.grad(out, leaves, gradient)]


def _direct(x, weight, bias=None):
    return F.conv2d(x, weight, bias, padding=1)


@settings(deadline=None, max_examples=60)
@given(
    batch=st.integers(1, 3),
    channels=st.integers(1, 5),
    out_channels=st.integers(1, 5),
    height=st.integers(1, 11),
    width=st.integers(1, 11),
    bias=st.booleans(),
    band_bytes=st.sampled_from([1, 2_000, 6_000, 10**9]),
)
def test_outputs_and_gradients_are_those_of_a_direct_convolution_whatever_the_bands(
    batch, channels, out_channels, height, width, bias, band_bytes
):
    case = _case((batch, channels, height, width), out_channels, torch.float64, bias=bias)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "BAND_BYTES", band_bytes)
        found = _results(winograd_conv2d, *case)
    for ours, expected in zip(found, _results(_direct, *case), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-12)


def test_float32_is_as_near_to_float64_as_a_direct_convolution_is_but_for_a_small_factor():
    case = _case((4, 256, 14, 14), 128, torch.float32)
    exact = _results(_direct, *[tensor.double() for tensor in case])
    for ours, direct, expected in zip(
        _results(winograd_conv2d, *case), _results(_direct, *case), exact, strict=True
    ):
        scale = expected.abs().amax()
        error, usual = (((tensor - expected).abs().amax() / scale).item() for tensor in (ours, direct))
        assert error < 4 * usual + 1e-7
        assert error < 3e-6


def test_layouts_of_input_and_gradient_change_nothing():
    x, weight, bias, gradient = _case((2, 3, 6, 5), 4, torch.float64)
    last = torch.channels_last
    plain = _results(winograd_conv2d, x, weight, bias, gradient)
    other = _results(
        winograd_conv2d,
        x.contiguous(memory_format=last),
        weight.contiguous(memory_format=last),
        bias,
        gradient.contiguous(memory_format=last),
    )
    for ours, expected in zip(other, plain, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-12, atol=1e-12)


def test_an_input_without_gradient_still_gives_the_kernels_theirs():
    x, weight, _, gradient = _case((2, 3, 6, 5), 4, torch.float64)
    leaf = weight.detach().requires_grad_()
    (found,) = torch.autograd.grad(winograd_conv2d(x, leaf), leaf, gradient)
    expected = weight.detach().requires_grad_()
    (direct,) = torch.autograd.grad(_direct(x, expected), expected, gradient)
    torch.testing.assert_close(found, direct, rtol=1e-12, atol=1e-12)


def test_a_second_derivative_is_refused_rather_than_wrong():
    x, weight, _, gradient = _case((1, 2, 4, 4), 2, torch.float64)
    leaf = x.detach().requires_grad_()
    (first,) = torch.autograd.grad(
        winograd_conv2d(leaf, weight), leaf, gradient.requires_grad_(), create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()
