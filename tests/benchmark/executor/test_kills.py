"""A few random kills of workers and drivers, two harness processes on one workspace; kills.py does fifty by hand."""

from __future__ import annotations

import pytest

from tests.benchmark.executor.kills import torment


@pytest.mark.slow
def test_kills_lose_no_finished_run_and_repeat_none(tmp_path):
    outcome = torment(tmp_path, "local", kills=12, seed=3, drivers=2, pause=0.5)
    assert outcome.kills["worker"]
    assert outcome.kills["driver"]
