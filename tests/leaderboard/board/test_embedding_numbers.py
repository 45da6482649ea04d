"""What two analyses must share before their numbers stand beside each other."""

from __future__ import annotations

from lovt_bench.benchmark.contract.backbone import FeatureLevel
from lovt_bench.leaderboard.board.embedding_numbers import question_of
from tests.leaderboard.embedding_reports import report


def test_a_level_that_is_not_the_deepest_is_another_question() -> None:
    level = FeatureLevel(name="c4", channels=100, stride=16)
    deepest, other = (question_of(report("mine", level=level, shallower=each)) for each in (False, True))
    assert deepest == question_of(report("mine"))
    assert (deepest.reference_options, other.reference_options) == ([], ["level c4"])
