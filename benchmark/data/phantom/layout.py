"""What a raw layout is: one image at a time from a worker, then the tables from all records.

`write` may depend on the settings and the index only, never on another image: any worker may write any image.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lovt_bench.benchmark.data.phantom.discovery import modules_of
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder


@dataclass(frozen=True)
class Settings:
    """What a phantom folder depends on, beside the library versions."""

    dataset: str
    seed: int
    images: int
    side: int


@dataclass(frozen=True)
class Layout:
    """One raw layout; each module of `layouts` holds one as `LAYOUT`."""

    name: str
    title: str
    minimum: int
    """Fewest images that fill every split and class in the layout."""
    write: Callable[[PhantomFolder, int, Settings], Any]
    """(folder, index, settings) -> record: write the files of one image."""
    finish: Callable[[PhantomFolder, Sequence[Any], Settings], None]
    """(folder, records in order of index, settings): write the tables."""
    revision: int = 0
    """Raise it with any change of what is written in this layout alone."""


def layouts() -> dict[str, Layout]:
    """Return the layouts by name."""
    found = [module.LAYOUT for module in modules_of("lovt_bench.benchmark.data.phantom.layouts")]
    return {layout.name: layout for layout in found}


def csv_text(header: str, rows: Iterable[str]) -> bytes:
    """Return lines with LF ends, UTF-8."""
    text = io.StringIO()
    for line in (header, *rows):
        text.write(line + "\n")
    return text.getvalue().encode()
