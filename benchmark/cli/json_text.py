"""JSON for a terminal or another program: the same value for every reader, and nothing in it that steers a terminal."""

from __future__ import annotations

import json
import re
from typing import Any


def json_text(value: Any) -> str:
    """Return a value as JSON; control, format (bidirectional) and unassigned characters as `\\uXXXX`."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return re.sub(r"[^\n -~]", _shown, text)


def _shown(found: re.Match[str]) -> str:
    if found[0].isprintable():
        return found[0]
    units = found[0].encode("utf-16-be", "surrogatepass").hex(" ", 2).split()
    return "".join(f"\\u{unit}" for unit in units)
