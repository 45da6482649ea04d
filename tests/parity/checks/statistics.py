"""Checks of run_statistics: mean, deviation and interval over repeated runs (evaluation.md section 3)."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from functools import partial
from typing import Any

from lovt_bench.leaderboard.statistics import summarise
from tests.parity.compare import Comparison, Failure
from tests.parity.golden import GoldenError, GoldenFile, guarded


def check_run_statistics(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare the summary of each list of run values; null stands for undefined (one run)."""
    if not isinstance(golden.content, list):
        raise GoldenError(
            f"{golden.path.name}: expected a list of cases, found {type(golden.content).__name__}"
        )
    for number, item in enumerate(golden.content):
        named = isinstance(item, dict) and {"task", "model", "metric"} <= set(item)
        case = f"{item['model']} {item['metric']}" if named else f"case {number}"
        yield from guarded(case, partial(statistics_case, golden, case, item))


def statistics_case(golden: GoldenFile, case: str, item: dict[str, Any]) -> Iterator[Comparison]:
    summary = summarise(item["values"])
    got = {
        "mean": summary.mean,
        "std_ddof1": summary.std,
        "num_runs": summary.runs,
        "interval95": summary.interval95_normal,
        # Logged by the reference, used by no table; zero or undefined for one run.
        "std_ddof0_as_logged": statistics.pstdev(item["values"]),
    }
    for quantity, value in got.items():
        expected = item[quantity]
        if quantity == "std_ddof0_as_logged" and summary.runs == 1 and expected is None:
            continue
        yield Comparison(case, quantity, value, expected, atol=golden.tolerance())


CHECKS = {"run_statistics": check_run_statistics}
