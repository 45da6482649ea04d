"""Everything inferential about a table in one place: pure functions, proven against scipy and papers' numbers."""

from lovt_bench.leaderboard.statistics.places import DIVERGED, best, count_best, doubled_ranks, ranks, second
from lovt_bench.leaderboard.statistics.summary import (
    NORMAL_QUANTILE,
    mean,
    normal_half_width,
    sample_std,
    student_half_width,
    summarise,
)

__all__ = [
    "DIVERGED",
    "NORMAL_QUANTILE",
    "best",
    "count_best",
    "doubled_ranks",
    "mean",
    "normal_half_width",
    "ranks",
    "sample_std",
    "second",
    "student_half_width",
    "summarise",
]
