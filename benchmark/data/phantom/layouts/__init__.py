"""The raw layouts of the public datasets, one module each (datasets.md sections 2 to 7), found by its name."""

from __future__ import annotations

import pkgutil


def names() -> list[str]:
    """Return the names of all layouts, sorted; none of them is imported."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))
