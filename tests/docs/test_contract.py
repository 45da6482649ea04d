"""docs/contract.md names what the models have: every verdict, variable, exit code, event and limit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from lovt_bench.benchmark.contract.events import Event
from lovt_bench.benchmark.contract.exit_codes import ExitCode
from lovt_bench.benchmark.contract.run_contract import (
    ASSETS,
    INITIAL,
    INPUT,
    OUTPUT,
    SCRATCH,
    Limits,
    RunParameters,
)
from lovt_bench.benchmark.contract.verdict import Verdict
from lovt_bench.benchmark.runtime.output_size import DEPTH
from lovt_bench.benchmark.runtime.runs import Run
from tests.conftest import REPOSITORY

TEXT = (REPOSITORY / "docs" / "contract.md").read_text(encoding="utf-8")


def rows(heading: str) -> set[str]:
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE))


def test_the_verdicts_are_listed_and_no_other():
    assert rows("Verdicts") == {verdict.value for verdict in Verdict}


def test_the_variables_and_mounts_are_listed_and_no_other(tmp_path: Path):
    full = RunParameters(
        name="x",
        seed=1,
        fraction=1.0,
        profile="paper",
        variant="x",
        device="cpu",
        time_limit=1,
        resume=True,
        accept_changes=True,
        rehearsal=True,
        rehearsal_epochs=1,
    )
    run = Run(full, tmp_path, tmp_path, initial=tmp_path)
    told = {name for name in run.environment() if name.startswith("LOVT_BENCH_")}
    assert {name for name in rows("What a submission finds") if name.startswith("LOVT")} == told
    assert {INPUT, OUTPUT, ASSETS, INITIAL, SCRATCH} <= rows("What a submission finds")


@pytest.mark.parametrize("code", ExitCode)
def test_exit_codes_are_told(code: ExitCode):
    assert re.search(rf"\b{code.value}\b", TEXT.split("**Exit codes**")[1].split("\n")[0])


def test_events_are_shown():
    kinds = {get_args(model.model_fields["event"].annotation)[0] for model in get_args(get_args(Event)[0])}
    assert set(re.findall(r'"event": "(\w+)"', TEXT)) == kinds


def test_defaults_of_limits_are_told():
    limits = Limits()
    section = TEXT.split("## Limits\n")[1].split("\n## ")[0]
    told = [
        f"{limits.pids}",
        f"{limits.output_files:,} files",
        f"{DEPTH} folders",
        f"{limits.grace_seconds:.0f} s",
    ]
    assert limits.output_bytes == 20 << 30
    assert limits.weights_bytes == 4 << 30
    for text in [*told, "20 GiB", "4 GiB each"]:
        assert text in section, text
