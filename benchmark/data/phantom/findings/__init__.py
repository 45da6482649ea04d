"""The findings the phantom can show; a new one is a new module of this folder with `KINDS`."""

from __future__ import annotations

from lovt_bench.benchmark.data.phantom.discovery import modules_of
from lovt_bench.benchmark.data.phantom.findings.base import (
    Box,
    Drawn,
    Kind,
    Place,
    Request,
    Zone,
    box_of,
    settle,
)

__all__ = ["Box", "Drawn", "Kind", "Place", "Request", "Zone", "box_of", "finding_kinds", "settle"]


def finding_kinds() -> dict[str, Kind]:
    """Return the kinds of findings by name."""
    kinds: dict[str, Kind] = {}
    for module in modules_of(__name__):
        kinds |= {kind.name: kind for kind in getattr(module, "KINDS", ())}
    return kinds
