"""What a PyTorch build asks of a GPU and its driver, and whether the GPUs that this process sees meet it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.visible_gpus import VARIABLE, visible_gpus

Capability = tuple[int, int]
"""Compute capability of a GPU: major and minor number."""

DRIVERS = {11: 450, 12: 525, 13: 580}
"""Major version of CUDA, and that of the oldest driver that programs built for it run with."""

DRIVER_FILE = Path("/proc/driver/nvidia/version")

OLDER = "docs/gpu.md says how to install for an older driver or card"


@dataclass(frozen=True)
class Needs:
    """What a build of PyTorch asks for."""

    cuda: str = "13.0"
    capability: Capability = (7, 5)
    """The oldest that it holds kernels for."""

    @property
    def driver(self) -> int:
        """Major version of the oldest driver."""
        return DRIVERS.get(int(self.cuda.partition(".")[0]), max(DRIVERS.values()))


PINNED = Needs()
"""Needs of the version that this project pins; its base image for GPUs holds the same version."""


def too_old(needs: Needs, card: str, driver: str | None, capability: Capability | None) -> str:
    """Return in one sentence why a GPU cannot be used; nothing where it can, or where that is not known.

    Args:
        needs: Needs of the build of PyTorch that is to use it.
        card: What it is called.
        driver: Version, `580.65.06`.
        capability: Capability of the GPU.
    """
    found = re.match(r"\d+", driver or "")
    if found and int(found[0]) < needs.driver:
        return f"the driver {driver} is older than {needs.driver}, which CUDA {needs.cuda} needs; {OLDER}"
    if capability is not None and capability < needs.capability:
        have, need = (".".join(map(str, each)) for each in (capability, needs.capability))
        return f"{card} has compute capability {have}, PyTorch for CUDA {needs.cuda} needs {need}; {OLDER}"
    return ""


def torch_needs() -> Needs:
    """Return what the PyTorch that is installed here asks for."""
    import torch

    # `get_arch_list` is empty where no GPU can be used.
    return Needs(torch.version.cuda or PINNED.cuda, oldest((torch._C._cuda_getArchFlags() or "").split()))


def oldest(architectures: Sequence[str]) -> Capability:
    """Return the least capability of a build: `sm_75`, `sm_120` are 7.5 and 12.0."""
    numbers = [int(found[1]) for one in architectures if (found := re.match(r"sm_(\d+)", one))]
    return divmod(min(numbers), 10) if numbers else PINNED.capability


def without_cuda() -> str:
    """Return in one sentence why PyTorch can use no GPU in this process; nothing where it can use all that it sees."""
    import torch

    if torch.version.cuda is None:
        return f"torch {torch.__version__} is built without CUDA"
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        there = torch.cuda.is_available()
    needs = torch_needs()
    if there:
        for number, (name, capability) in enumerate(_cards()):
            if why := too_old(needs, f"GPU {number} ({name})", None, capability):
                return f"{why}; CUDA_VISIBLE_DEVICES leaves single cards out"
        return ""
    return (
        hidden(os.environ.get("CUDA_VISIBLE_DEVICES"))
        or too_old(needs, "", driver_version(), None)
        or next((_first_line(str(one.message)) for one in heard), "")
        or "torch sees no CUDA device"
    )


def _cards() -> list[tuple[str, Capability]]:
    """Return name and capability of each GPU; none where they cannot be asked.

    Another process asks: this one would begin to use a GPU, which it may leave to its workers.
    """
    code = (
        "import json, torch; c = torch.cuda\n"
        "print(json.dumps([[c.get_device_name(i), c.get_device_capability(i)] for i in range(c.device_count())]))"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
        )
        return [(str(name), (int(major), int(minor))) for name, (major, minor) in json.loads(done.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        return []


def driver_version() -> str | None:
    """Return the version of the NVIDIA driver of this machine's kernel, None without one."""
    try:
        text = DRIVER_FILE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(r"NVRM version:.*?\s(\d+(?:\.\d+)+)", text)
    return None if found is None else found[1]


def is_there() -> bool:
    """Whether this machine has an NVIDIA GPU, usable or not."""
    return driver_version() is not None or any(Path("/dev").glob("nvidia[0-9]*"))


def hidden(visible: str | None) -> str:
    """Return that a value of `CUDA_VISIBLE_DEVICES` hides every GPU; nothing where it does not."""
    hides = visible is not None and not visible_gpus({VARIABLE: visible}, 1)
    return f"{VARIABLE}={visible!r} hides every GPU" if hides else ""


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:200]
