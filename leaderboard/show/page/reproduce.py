"""The commands that make a row again, from what the table knows of it. Only validated names enter them."""

from __future__ import annotations

import re

from lovt_bench.benchmark.contract.base import is_name
from lovt_bench.benchmark.contract.leaderboard import Row, Table
from lovt_bench.leaderboard.board.provenance import SETTING

_OPTIONS = {"Variant": "--variant", "Profile": "--profile", "Seed": "--seed"}
"""Labels of `leaderboard.board.provenance` and what repeats them."""

_KEY, _VALUE = re.compile(r"[a-z][a-z0-9_]{0,63}"), re.compile(r"[A-Za-z0-9.+-][A-Za-z0-9._+-]{0,63}")
"""Settings that a shell takes as they stand."""


def commands(row: Row, table: Table) -> list[str]:
    """Return shell commands, none for numbers that were not measured here.

    A row of a known architecture without provenance is a backbone that is always there: nothing has to be made before
    it is evaluated. One of which nothing is known has to be submitted again.
    """
    if table.kind != "runs":
        return []
    profile = f" --profile {table.profile}" if is_name(table.profile) else ""
    made: list[str] = []
    if row.evidence == "retrained" and row.provenance:
        made = _pretraining(row)
    elif row.provenance or row.architecture is None:
        made = [f"lovt-bench submit {row.id} --weights WEIGHTS"]
    return [*made, f"lovt-bench evaluate {row.id}{profile}", "lovt-bench leaderboard build"]


def _pretraining(row: Row) -> list[str]:
    method = row.provenance.get("Method", "")
    if not is_name(method):
        return []
    said = {option: row.provenance.get(label, "") for label, option in _OPTIONS.items()}
    # Without an option the profile is `paper`.
    options = [f"{option} {value}" for option, value in said.items() if is_name(value) and value != "paper"]
    if row.fraction is not None:
        options.append(f"--fraction {row.fraction:g}")
    for label, value in row.provenance.items():
        key = label.removeprefix(SETTING)
        if label.startswith(SETTING) and _KEY.fullmatch(key):
            options.append(f"--set {key}={value if _VALUE.fullmatch(value) else 'VALUE'}")
    return [" ".join(["lovt-bench pretrain", method, *options, f"--name {row.id}"])]
