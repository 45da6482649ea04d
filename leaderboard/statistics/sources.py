"""Which evaluation datasets come from one source: what holds on one of them is no news on another."""

from __future__ import annotations

from collections.abc import Iterable

_SOURCES = dict.fromkeys(("rsna", "siim", "nih-cxr", "chestx-det"), "NIH Clinical Center")
"""RSNA's, SIIM's and ChestX-Det's images are taken from NIH ChestX-ray8/14 (docs/lineage.md)."""


def source_of(dataset: str) -> str:
    """Return the source of a dataset's images; a dataset that is not known to share one is its own."""
    return _SOURCES.get(dataset, dataset)


def sources_of(datasets: Iterable[str]) -> list[str]:
    """Return the sources of datasets, each once, in their order."""
    return list(dict.fromkeys(map(source_of, datasets)))
