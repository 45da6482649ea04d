"""How often the host waited for a pretended card, by what made it wait."""

from __future__ import annotations

from collections import Counter

WAITS: Counter[str] = Counter()
"""`item`, `copy to host`, `copy from host`, `synchronize`, `index by a mask`, and names in `SIZED_BY_VALUES`."""

SIZED_BY_VALUES = {
    "nonzero",
    "masked_select",
    "unique_consecutive",
    "_unique",
    "_unique2",
    "unique_dim",
    "nms",
}
"""Operators whose result has a size that depends on values, so that the host waits for it."""
