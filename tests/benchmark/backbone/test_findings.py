"""Findings are summed up in words that a person would use."""

import pytest

from lovt_bench.benchmark.backbone.findings import Finding, Level, summed_up


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        (["ok"] * 14, "14 of 14 checks ok"),
        (["ok", "warning"], "1 of 2 checks ok, 1 warning"),
        (["ok", "error", "warning", "error", "warning", "warning"], "1 of 6 checks ok, 3 warnings, 2 errors"),
        (["error"], "0 of 1 checks ok, 1 error"),
    ],
)
def test_the_sum_counts_what_is_well_and_names_only_what_there_is(levels: list[Level], said: str) -> None:
    assert summed_up([Finding(level, "c5", "text") for level in levels]) == said
