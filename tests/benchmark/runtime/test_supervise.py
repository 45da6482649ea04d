"""How often a supervisor looks at what a run leaves."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from lovt_bench.benchmark.contract.run_contract import Limits
from lovt_bench.benchmark.runtime import supervise
from lovt_bench.benchmark.runtime.supervise import Exit, Signal, Supervisor


def test_an_engine_that_is_slow_to_tell_the_memory_delays_no_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of the answer counted as that of the look, so that the next one came ten times as late."""
    now = 0.0

    def passes(seconds: float) -> None:
        nonlocal now
        now += seconds

    class SlowToTell:
        def poll(self) -> Exit | None:
            return Exit(0) if now >= 8 else None

        def signal(self, name: Signal) -> None:
            raise AssertionError(name)

        def memory(self) -> int:
            passes(0.3)
            return 1

    monkeypatch.setattr(supervise, "time", SimpleNamespace(monotonic=lambda: now, sleep=passes))
    looks: list[float] = []

    def look() -> bool:
        looks.append(now)
        return False

    assert Supervisor(SlowToTell(), tmp_path, Limits(reserve_bytes=0), look).watch().stopped is None
    assert max(later - earlier for earlier, later in pairwise(looks)) < 2
