"""Sizes on a command line: 512m, 8g, 1.5t, or bytes."""

from __future__ import annotations

import re
from typing import Any

import click

UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


class Size(click.ParamType):
    """A number of bytes with k, m, g or t behind it, powers of 1024."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?", str(value).strip().lower())
        if match is None or float(match[1]) <= 0:
            self.fail(f"{value!r} is no size; expected for example 512m or 8g", param, ctx)
        return int(float(match[1]) * UNITS[match[2]])
