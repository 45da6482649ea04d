"""Validation errors in words: which file, which field, what was wrong with it."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError


def explain(path: Path, error: ValidationError) -> str:
    """Return one line for the file and one for each field that is wrong."""
    lines = [f"{path}: {error.error_count()} field(s) of {error.title} are wrong"]
    for item in error.errors(include_url=False):
        field = ".".join(str(part) for part in item["loc"]) or "file"
        found = (
            ""
            if item["type"] == "missing" or isinstance(item["input"], dict)
            else f", found {item['input']!r}"
        )
        lines.append(f"  {field}: {item['msg']}{found}")
    return "\n".join(lines)
