"""The normalised name of a report section (datasets.md section 7.3)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from lovt_bench.benchmark.contract.base import Model


class SectionNames(Model):
    """`section_names.yaml`."""

    exact: dict[str, list[str]]
    """Normalised name, and the names that mean it."""
    contained: list[str]
    findings_if_contains: list[str]


@cache
def section_names() -> SectionNames:
    """Return the tables of `section_names.yaml`."""
    text = (
        files("lovt_bench.benchmark.data.corpus.reports")
        .joinpath("section_names.yaml")
        .read_text(encoding="utf-8")
    )
    return SectionNames.model_validate(yaml.safe_load(text))


@cache
def _exact() -> dict[str, str]:
    return {name: wanted for wanted, names in section_names().exact.items() for name in names}


def normalised_name(header: str) -> str:
    """Return the section name that a header stands for: table, then substring, then views, else unchanged.

    Args:
        header: Any case, with or without outer blanks.
    """
    name, tables = header.strip().lower(), section_names()
    if name in _exact():
        return _exact()[name]
    for part in tables.contained:
        if part in name:
            return part
    if any(part in name for part in tables.findings_if_contains):
        return "findings"
    return name
