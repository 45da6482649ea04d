"""Who measures: the keeper of a board sets a name; records, backbones and boards that are made here carry it."""

from __future__ import annotations

import os

from lovt_bench.benchmark.contract.base import NAME_RULE, is_name

ENVIRONMENT = "LOVT_BENCH_KEEPER"


def keeper() -> str | None:
    """Return the keeper's name, None where nobody is named. Raises ValueError for what is no name."""
    name = os.environ.get(ENVIRONMENT, "")
    if name and not is_name(name):
        raise ValueError(f"{ENVIRONMENT} is {name[:80]!a}, expected {NAME_RULE}")
    return name or None
