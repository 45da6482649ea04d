"""The first place where two contents differ, in words: a path in JSON, a line in text, else a byte."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import Any

_SHOWN = 80


def first_difference(name: str, found: bytes, expected: bytes) -> str:
    """Return where and how `found` first differs from `expected`.

    Args:
        name: Name of the file; its ending says how it is read.
        found: What lies on disk.
        expected: What the records give.
    """
    if name.endswith(".json"):
        try:
            place = _json(json.loads(found), json.loads(expected), "")
        except ValueError:
            place = None
        if place:
            return place
    try:
        lines = zip_longest(found.decode().split("\n"), expected.decode().split("\n"))
    except UnicodeDecodeError:
        lines = None
    for number, (first, second) in enumerate(lines or (), start=1):
        if first != second:
            return f"line {number}: {_pair(first, second)}"
    offset = next(
        (index for index, pair in enumerate(zip_longest(found, expected)) if pair[0] != pair[1]), len(found)
    )
    return f"byte {offset} of {len(found)}, rebuilt {len(expected)}"


def _json(found: Any, expected: Any, path: str) -> str | None:
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in [*expected, *(key for key in found if key not in expected)]:
            below = f"{path}.{key}" if path else key
            if (key in found) != (key in expected):
                return f"{below}: {'only found' if key in found else 'missing'}"
            if place := _json(found[key], expected[key], below):
                return place
        return None
    if isinstance(found, list) and isinstance(expected, list):
        for index, (first, second) in enumerate(zip(found, expected, strict=False)):
            if place := _json(first, second, f"{path}[{index}]"):
                return place
        if len(found) != len(expected):
            return f"{path}: {len(found)} entries, rebuilt {len(expected)}"
        return None
    same = type(found) is type(expected) and found == expected
    return None if same else f"{path}: {_pair(found, expected)}"


def _pair(found: Any, expected: Any) -> str:
    """Return both values in a form that a terminal can show; long ones from where they part."""
    first, second = ("nothing" if value is None else ascii(value) for value in (found, expected))
    start = 0
    if max(len(first), len(second)) > _SHOWN:
        same = next((i for i, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), 0)
        start = max(0, same - 20)
    return f"found {first[start : start + _SHOWN]}, rebuilt {second[start : start + _SHOWN]}"
