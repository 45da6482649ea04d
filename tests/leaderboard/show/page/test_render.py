"""The page's files without a browser: what is in them, how large they are, what never gets in."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.show.layout import percent
from lovt_bench.leaderboard.show.page import render_page
from lovt_bench.leaderboard.show.page.core import core
from lovt_bench.leaderboard.show.page.plot_library import plot_library
from lovt_bench.leaderboard.show.page.script import as_script
from lovt_bench.tasks.registry import load_tasks
from tests.leaderboard.records import record_set
from tests.leaderboard.synthetic_board import HOSTILE, synthetic_board, synthetic_examples


def data_of(script: bytes) -> object:
    """Return what a script assigns."""
    return json.loads(script.decode().split("\n")[-2].split(" = ", 1)[1].rstrip(";"))


def test_200_submissions_stay_under_3_mb(files: dict[str, bytes]) -> None:
    assert sum(map(len, files.values())) < 3_000_000


def test_equal_boards_give_equal_bytes() -> None:
    first, second = (synthetic_board(10, 3) for _ in range(2))
    assert render_page(first, synthetic_examples(first)) == render_page(second, synthetic_examples(second))


def test_an_empty_board_and_a_published_one_have_pages() -> None:
    published = build(record_set([]), load_published(), load_tasks())
    assert "LoVT 100 %" in render_page(published)["index.html"].decode()
    empty = published.model_copy(update={"tables": []})
    assert "No table yet" in render_page(empty)["index.html"].decode()


def test_every_number_shows_as_the_full_one_would(board: Leaderboard) -> None:
    for table, shown in zip(board.tables, core(board)["tables"], strict=True):
        for row, found in zip(table.rows, shown["rows"], strict=True):
            for place, column in enumerate(table.columns):
                cell = {name: values[place] for name, values in found["cells"].items()}
                full = row.cell(column.task)
                assert (full is None) == (cell.get("status") == "missing")
                if full and full.summary:
                    assert percent(cell["mean"]) == percent(full.summary.mean)
                    halves = {
                        "student": full.summary.interval95_student,
                        "normal": full.summary.interval95_normal,
                    }
                    for name, half in halves.items():
                        assert (cell.get(name) is None) == (half is None)
                        assert half is None or percent(cell[name]) == percent(half)


def test_no_file_holds_markup_of_a_submission(files: dict[str, bytes]) -> None:
    """A name such as `</script>` ends neither a script nor the plain tables."""
    for name, content in files.items():
        if not name.startswith("assets/"):
            assert HOSTILE.encode() not in content, name
    assert b"<" not in files["data.js"]
    assert b"&lt;img src=x onerror=alert(1)&gt;" in files["index.html"]


def test_the_frame_allows_own_files_only(files: dict[str, bytes]) -> None:
    text = files["index.html"].decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    directives = dict(part.split(" ", 1) for part in policy[1].replace("&#39;", "'").split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert "unsafe" not in policy[1]
    assert re.findall(r"<script(?![^>]*\bsrc=)|\bon[a-z]+=|style=", text.replace("onerror=alert", "")) == []
    assert re.findall(r'src="(?!assets/|data\.js|\.\./versions\.js)', text) == []


def test_scaled_scores_and_the_range_of_draws_have_one_name_each(files: dict[str, bytes]) -> None:
    """Places go by scaled scores, which the column of aggregates is not; draws are no interval."""
    page, ranks = files["index.html"].decode(), files["assets/ranks.js"].decode()
    assert "Aggregate: 0 is" in page
    assert "by its scaled scores" in page
    assert "Scaled score:" not in page
    assert "range of 95 % of draws" in ranks
    assert "interval" not in ranks


def test_every_asset_that_the_frame_names_is_there(files: dict[str, bytes]) -> None:
    named = re.findall(r'(?:src|href)="(assets/[^"]+)"', files["index.html"].decode())
    assert set(named) == {name for name in files if name.startswith("assets/")} - {"assets/vega.js"}


@pytest.mark.parametrize("text", ["</script>", "<!--", "\u2028\u2029", 'quo"te\\', "&lt;", "é – 胸"])
def test_a_script_gives_back_any_text_and_holds_no_markup(text: str) -> None:
    script = as_script("window.X", {"name": text})
    assert data_of(script) == {"name": text}
    assert not re.search("[<>&\u2028\u2029]", script.decode())


def test_the_dark_theme_is_the_same_chosen_or_by_the_system(files: dict[str, bytes]) -> None:
    style = files["assets/page.css"].decode()
    chosen, system = (
        re.findall(r"[\w-]+:[^;]+;", re.findall(re.escape(selector) + r" \{([^}]*)\}", style)[0])
        for selector in (':root[data-theme="dark"]', ":root:not([data-theme])")
    )
    assert len(chosen) > 10
    assert chosen == system


@pytest.mark.slow
def test_the_plot_library_is_the_same_in_another_process() -> None:
    code = "import sys; from lovt_bench.leaderboard.show.page.plot_library import plot_library as made"
    code = f"{code}; sys.stdout.buffer.write(made())"
    other = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert other.stdout == plot_library()
