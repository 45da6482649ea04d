"""What trainings leave that nobody disturbs."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.engine.evaluate import evaluate
from tests.benchmark.engine.world import narrow_heads
from tests.benchmark.executor.found import results
from tests.benchmark.executor.worlds import long_evaluation


@pytest.fixture(scope="session")
def long_results(tmp_path_factory):
    """Return the records of `long_evaluation`, trained here without a checkpoint."""
    root = tmp_path_factory.mktemp("long")
    with pytest.MonkeyPatch.context() as patch:
        narrow_heads(patch)
        assert {result.status for result in evaluate(long_evaluation(root))} == {"done"}
    return results(root)
