"""What computed a result: kind of device, precision of sums, libraries. Numbers of one key may differ by each of these.

No name, address or path of a machine.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from lovt_bench.benchmark.contract.base import Model, is_missing
from lovt_bench.benchmark.contract.untrusted import clean_text

DeviceKind = Literal["cpu", "cuda"]

WORDS_LIMIT = 120
"""Characters of one entry."""

NOTABLE_SKIPS = 0.03
"""Share of skipped steps from which a run is said to have lost some."""


def _one_clean_line(text: str) -> str:
    if text != clean_text(text, WORDS_LIMIT):
        raise ValueError("expected one line without control characters")
    return text


Words = Annotated[
    str, StringConstraints(min_length=1, max_length=WORDS_LIMIT), AfterValidator(_one_clean_line)
]
"""What a library or a driver calls itself, on one line."""

Steps = Annotated[int, Field(ge=0, le=10**12)]

ImagesPerSecond = Annotated[float, Field(gt=0, le=10**9)]
"""Bare forward of a frozen backbone, at the side of the profile."""


class Platform(Model):
    """What computed: device, processor and libraries."""

    device_kind: DeviceKind
    device_name: Words
    """Name of the GPU, or of the processor if that computed."""
    processor: Words
    """Name of the processor's model; `unknown` where the system does not tell it."""
    threads: int = Field(ge=1, le=10**5)
    """Threads of one operation on the CPU (`torch.get_num_threads`)."""
    instruction_set: Words
    """The widest that torch's own CPU kernels use (`torch.backends.cpu.get_cpu_capability`): `DEFAULT`, `AVX2`, …"""
    math_libraries: Annotated[dict[Words, Words], Field(max_length=8)]
    """Version by name, of what torch was built with for sums on a CPU: `mkl`, `onednn`."""
    torch: Words
    """Full version, with the build it is of: `2.9.0+cu128`."""
    cuda: Words | None = None
    """That torch was built with and the run used; None on a CPU, as the three that follow."""
    cudnn: Words | None = None
    driver: Words | None = None
    """None also where the driver does not tell its version."""
    compute_capability: Words | None = None


class ForwardSpeed(Model):
    """How fast a bare forward was, and where."""

    images_per_second: ImagesPerSecond
    device_name: Words
    threads: int = Field(ge=1, le=10**5)

    def is_of(self, platform: Platform) -> bool:
        """Return whether it was measured there."""
        return (self.device_name, self.threads) == (platform.device_name, platform.threads)


class PretrainedWith(Platform):
    """What made a backbone's weights, in its last part where the pre-training went on elsewhere."""

    precision: Words
    """Lightning's: `32-true`, `16-mixed`, `bf16-mixed`."""


class MadeWith(Platform):
    """What made a run. If a training went on from a checkpoint, the platform is that of its last attempt."""

    feature_library: Words | None = None
    """Library and version that computed the frozen features: `onnxruntime 1.23.0`, `torch 2.9.0+cu128`; None where the
    backbone is trained too, or features were stored before this was kept."""
    forward_images_per_second: ImagesPerSecond | None = Field(default=None, exclude_if=is_missing)
    """Of the backbone, while features that the run read were extracted on this device with as many threads; None where
    that was elsewhere, or too few images to measure it."""
    winograd: bool = False
    """Convolutions of the head were computed by Winograd's method."""
    cuda_graph: bool = False
    """Steps were replayed as a CUDA graph."""
    steps: Steps
    """Optimiser steps that were begun, those of an epoch that was thrown away included."""
    skipped_steps: Steps | None = None
    """Those of them that the gradient scaler left out, since a gradient was not finite; None without a scaler."""
    peak_host_bytes: int | None = Field(default=None, ge=0, le=10**15)
    """Peak resident set of the process during the run; None where the kernel does not tell it."""
    peak_device_bytes: int | None = Field(default=None, ge=0, le=10**15)
    """The most that torch allocated on the CUDA device; None on a CPU."""
    energy_source: Literal["nvml"] | None = None
    """How `energy_joules` of the record was measured: `nvml`, the counter of the whole GPU, whoever used it."""

    @property
    def skipped_share(self) -> float:
        """Share of the steps that the gradient scaler left out; 0 without a scaler."""
        return (self.skipped_steps or 0) / max(self.steps, 1)

    @model_validator(mode="after")
    def _consistent(self) -> MadeWith:
        if self.skipped_steps is not None and self.skipped_steps > self.steps:
            raise ValueError(f"skipped_steps is {self.skipped_steps}, more than the {self.steps} steps")
        return self
