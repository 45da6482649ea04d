"""All parts of the performance report but the long ones: `make bench`. The tables are printed at the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from lovt_bench.benchmark.engine.device import choose_device
from lovt_bench.benchmark.malloc import keep_freed_memory
from tests.bench.machine import Machine, look_at_machine
from tests.bench.parts.catalogue import LONG, PARTS
from tests.bench.rows import Row


@pytest.fixture(scope="session")
def machine() -> Machine:
    keep_freed_memory()
    return look_at_machine(choose_device("auto"))


@pytest.mark.parametrize("name", [name for name in PARTS if name not in LONG])
def test_part(
    benchmark: BenchmarkFixture, tmp_path: Path, machine: Machine, measured: list[Row], name: str
) -> None:
    rows = benchmark.pedantic(PARTS[name], args=(machine, tmp_path), rounds=1, iterations=1)
    measured.extend(rows)
    benchmark.extra_info |= {row.work: round(row.ratio, 3) for row in rows}
