"""What a file has wrong, field by field: expected, found, and the name that was meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lovt_bench.benchmark.contract.unknown import meant
from lovt_bench.benchmark.contract.untrusted import clean_text

FIELDS_SHOWN = 5
"""Wrong fields that a message names; a stranger's file may have a hundred thousand."""
_LIMIT = 80
"""Characters of a field or value from the file."""
_EXPECTED = re.compile(r"'([^']*)'")
"""Each value that pydantic names of a closed list."""


def field_problems(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """Return a text for each of the first wrong fields, and how many more there are; nothing moves a terminal.

    Args:
        error: What validation raised.
        model: What was validated; its fields are the names that are known.
    """
    found = error.errors(include_url=False)
    said = [_said(item, model) for item in found[:FIELDS_SHOWN]]
    return [*said, f"and {len(found) - FIELDS_SHOWN} more"] if len(found) > FIELDS_SHOWN else said


def _said(item: ErrorDetails, model: type[BaseModel]) -> str:
    place = clean_text(".".join(map(str, item["loc"])), _LIMIT) or "file"
    if item["type"] == "extra_forbidden":
        known = _known(model, item["loc"])
        hint = meant(str(item["loc"][-1]), known) or f"; known: {', '.join(known)}"
        return f"{place}: there is no such field{hint}"
    text = clean_text(item["msg"].removeprefix("Value error, "), 5 * _LIMIT)
    value = item["input"]
    if item["type"] == "missing" or isinstance(value, dict | list | bytes):
        return f"{place}: {text}"
    expected = _EXPECTED.findall(item["ctx"]["expected"]) if item["type"] == "literal_error" else []
    return f"{place}: {text}, found {clean_text(repr(value), _LIMIT)}{meant(str(value), expected)}"


def _known(model: type[BaseModel], loc: Sequence[int | str]) -> list[str]:
    """Return the names of the fields beside the last part of a place."""
    kinds: list[Any] = [model]
    for part in loc[:-1]:
        kinds = [leaf for kind in kinds for leaf in _inside(kind, part)]
    return list(dict.fromkeys(name for kind in kinds for name in getattr(kind, "model_fields", ())))


def _inside(kind: Any, part: int | str) -> list[Any]:
    """Return the types of what a part of a place leads to."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(part))
        # A part that is no field names which model of a union was tried.
        return [kind] if field is None else _leaves(field.annotation)
    return [leaf for each in get_args(kind)[-1:] for leaf in _leaves(each)]


def _leaves(kind: Any) -> list[Any]:
    """Return the types that an annotation stands for."""
    if get_origin(kind) is Annotated:
        return _leaves(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [leaf for each in get_args(kind) for leaf in _leaves(each)]
    return [kind]
