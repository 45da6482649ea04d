"""All parts in the order of the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.bench.machine import Machine
from tests.bench.parts import (
    demo,
    engines,
    features,
    fine_tune,
    heads,
    metrics,
    overhead,
    preparation,
    pretraining,
    start_up,
)
from tests.bench.rows import Row

Measure = Callable[[Machine, Path], list[Row]]

PARTS: dict[str, Measure] = {
    "features": features.measure,
    "tokens": features.measure_tokens,
    "heads": heads.measure,
    "fine-tune": fine_tune.measure,
    "engines": engines.measure,
    "overhead": overhead.measure,
    "preparation": preparation.measure,
    "metrics": metrics.measure,
    "pre-training": pretraining.measure,
    "start-up": start_up.measure,
    "demo": demo.measure,
}

LONG = ("demo",)
"""Minutes each; measured for the report, not by `make bench`."""
