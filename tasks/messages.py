"""Validation errors in words: which file, which field, what was wrong with it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ValidationError

from lovt_bench.benchmark.contract.fields import field_problems


def explain(path: Path, error: ValidationError, model: type[BaseModel]) -> str:
    """Return one line for the file and one for each of the first fields that are wrong in what should be a model."""
    first = f"{path}: {error.error_count()} field(s) of {error.title} are wrong"
    return "\n  ".join([first, *field_problems(error, model)])
