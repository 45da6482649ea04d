"""Seconds to render a page, and its bytes, for 10, 200 and 2,000 submissions; `board.py` measures the build."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.leaderboard.show.page import render_page
from tests.leaderboard.synthetic_board import synthetic_board

SIZES = (10, 200, 2000)


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size} submissions")
def board(request: pytest.FixtureRequest) -> Leaderboard:
    return synthetic_board(request.param)


def test_render(benchmark: BenchmarkFixture, board: Leaderboard) -> None:
    files = benchmark.pedantic(render_page, args=(board,), rounds=3, iterations=1, warmup_rounds=1)
    sizes = {
        "all": sum(map(len, files.values())),
        "first view": sum(len(content) for name, content in files.items() if _first(name)),
        "data.js": len(files["data.js"]),
    }
    benchmark.extra_info |= {f"bytes, {name}": size for name, size in sizes.items()}
    print(f"\n{len(board.tables[0].rows)} submissions: {sizes}")  # noqa: T201


def _first(name: str) -> bool:
    return not name.startswith(("details/", "examples/")) and name != "assets/vega.js"
