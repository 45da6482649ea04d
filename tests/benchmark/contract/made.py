"""What made a run, for tests: `made_with()` on a CPU, `made_with("NVIDIA A100")` on a GPU; other arguments replace."""

from __future__ import annotations

from typing import Any

from lovt_bench.benchmark.contract.made_with import MadeWith


def made_with(device: str = "cpu", **changes: Any) -> MadeWith:
    """Return what made a run on that device."""
    gpu = {"cuda": "12.8", "cudnn": "91002", "driver": "570.86.15", "compute_capability": "8.0"}
    fields: dict[str, Any] = {
        "device_kind": "cpu" if device == "cpu" else "cuda",
        "device_name": "AMD EPYC 7763" if device == "cpu" else device,
        "processor": "AMD EPYC 7763",
        "threads": 2,
        "instruction_set": "AVX2",
        "math_libraries": {"mkl": "2024.2", "onednn": "3.12.0"},
        "torch": "2.14.1+cu130",
        "steps": 12,
        **({} if device == "cpu" else gpu),
    }
    return MadeWith(**{**fields, **changes})
