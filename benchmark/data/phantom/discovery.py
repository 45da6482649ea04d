"""Find what a folder holds: the modules of a package, by name."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import ModuleType


@cache
def modules_of(package: str) -> tuple[ModuleType, ...]:
    """Import and return the modules directly in a package, sorted by name."""
    path = importlib.import_module(package).__path__
    names = sorted(entry.name for entry in pkgutil.iter_modules(path))
    return tuple(importlib.import_module(f"{package}.{name}") for name in names)
