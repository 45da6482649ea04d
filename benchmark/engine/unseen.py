"""Ways of the engine that no real GPU has run yet: off, unless `LOVT_BENCH_UNSEEN` names them."""

from __future__ import annotations

import os
from typing import Literal, get_args

from lovt_bench.benchmark.contract.unknown import unknown

VARIABLE = "LOVT_BENCH_UNSEEN"
Way = Literal["cuda-graphs", "copy-stream"]
"""Heads trained as CUDA graphs (`step_graph.py`); batches copied on a stream of their own (`ahead.py`)."""


def asked_for(way: Way) -> bool:
    """Return whether a way is asked for.

    Raises:
        ValueError: The variable names one that there is not.
    """
    named = [name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()]
    for name in named:
        if name not in get_args(Way):
            raise ValueError(f"{VARIABLE}: {unknown('way', name, list(get_args(Way)))}")
    return way in named
