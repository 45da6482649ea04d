"""Seconds to build a board and to render its page, and the page's bytes, for 10, 200 and 2,000 submissions."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmark.contract.leaderboard import Leaderboard
from leaderboard.board.build import build
from leaderboard.board.published import load_published
from leaderboard.show.page import render_page
from tasks.registry import load_tasks
from tests.leaderboard.records import record_set
from tests.leaderboard.synthetic_board import synthetic_board, synthetic_records

SIZES = (10, 200, 2000)


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size} submissions")
def board(request: pytest.FixtureRequest) -> Leaderboard:
    return synthetic_board(request.param)


@pytest.mark.parametrize("submissions", SIZES)
def test_build(benchmark: BenchmarkFixture, submissions: int) -> None:
    records = record_set(synthetic_records(submissions))
    published, tasks = load_published(), load_tasks()
    found = benchmark.pedantic(build, args=(records, published, tasks), rounds=1, iterations=1)
    benchmark.extra_info["records"] = sum(file.records for file in found.inputs)


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
