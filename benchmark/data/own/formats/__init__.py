"""One file for each format of annotations, found by its name. A new format is a new file.

Each module has `read(folder)`, which returns what a folder holds in that format.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from lovt_bench.benchmark.contract.unknown import unknown
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.own.annotated import Annotated
from lovt_bench.benchmark.data.own.folder import RawFolder

Reader = Callable[[RawFolder], Annotated]


def format_names() -> list[str]:
    """Return the names of all formats, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def reader_of(name: str) -> Reader:
    """Return the reader of a format.

    Raises:
        DataError: The name is not known; the message lists the known ones.
    """
    if name not in format_names():
        raise DataError(unknown("format", name, format_names()))
    reader: Reader = importlib.import_module(f"{__name__}.{name}").read
    return reader
