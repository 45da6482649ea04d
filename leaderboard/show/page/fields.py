"""Cells of a row as named lists: each name once a row, not once a cell; a board of 200 rows has 3,600 cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def by_name(cells: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the cells' fields, each a list in the order of the cells; one that is null throughout is left out.

    `LOVT.at` of `assets/board.js` makes cells of them again.
    """
    names = dict.fromkeys(name for cell in cells for name in cell)
    lists = {name: [cell.get(name) for cell in cells] for name in names}
    return {name: values for name, values in lists.items() if any(value is not None for value in values)}
