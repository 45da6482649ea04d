"""A small library that tells torch's autograd engine that there is no accelerator.

It would ask a driver for streams of the device of each gradient. The library is preloaded, so a process begins anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_SOURCE = """
#include <stdbool.h>
short _ZN2at11accelerator14getAcceleratorEb(bool checked) { (void)checked; return 0; }
bool _ZN2at11accelerator13isAcceleratorEN3c1010DeviceTypeE(signed char kind) { (void)kind; return false; }
"""
"""`at::accelerator::getAccelerator` and `isAccelerator`."""

_NAME = "lovt-bench-pretended"


def reason_against() -> str | None:
    """Return why there can be no pretended card here, None where there can."""
    import torch

    from tests.gpu.pretended import TORCH

    if not torch.__version__.startswith(f"{TORCH}."):
        return f"pretended cards are made for torch {TORCH}, here is {torch.__version__}"
    if not shutil.which("cc"):
        return "pretended cards need a C compiler, and there is no `cc`"
    return None


def pretended() -> bool:
    """Return whether this process sees pretended cards."""
    return _NAME in os.environ.get("LD_PRELOAD", "")


def begin_anew(arguments: list[str]) -> None:
    """Start this process again with the library preloaded; return where it is."""
    if pretended():
        return
    os.environ["LD_PRELOAD"] = str(_library())
    os.execv(sys.executable, arguments)


def _library() -> Path:
    target = Path(tempfile.gettempdir()) / f"{_NAME}-{os.getuid()}.so"
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            source, made = Path(folder, "shim.c"), Path(folder, "shim.so")
            source.write_text(_SOURCE)
            subprocess.run(["cc", "-shared", "-fPIC", "-o", made, source], check=True)
            made.replace(target)
    return target
