"""Data as a classic script: a page opened from disk may load scripts, but may not fetch JSON."""

from __future__ import annotations

import json
from typing import Any

_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
"""Characters that could end a script element or a line of JavaScript; outside of strings JSON has none of them."""


def as_script(target: str, value: Any) -> bytes:
    """Return UTF-8 JavaScript that assigns a JSON-like value to `target`, a path such as `window.X`.

    The text stays data whatever strings it holds, inline in HTML too. Raises ValueError for NaN and infinity.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f"{target} = {text.translate(_ESCAPES)};\n".encode()


def in_registry(registry: str, key: str, value: Any) -> bytes:
    """Return a script that adds a value to a global object by key, for parts that are loaded when shown."""
    name = json.dumps(key).translate(_ESCAPES)
    return f"window.{registry} = window.{registry} || {{}};\n".encode() + as_script(
        f"window.{registry}[{name}]", value
    )
