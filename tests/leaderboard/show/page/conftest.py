"""One browser, one large board and its page for all browser tests of a process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.leaderboard.show.page import render_page
from tests.leaderboard.show.page.browser import EXECUTABLE, chromium, served, write_page
from tests.leaderboard.synthetic_board import synthetic_board, synthetic_examples


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if not EXECUTABLE.is_file():
        message = f"no Chromium at {EXECUTABLE}; apt-get install chromium, or name one in LOVT_BENCH_CHROMIUM"
        if os.environ.get("LOVT_BENCH_REQUIRE_CHROMIUM") == "1":
            pytest.fail(message)
        pytest.skip(message)
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def board() -> Leaderboard:
    return synthetic_board(200)


@pytest.fixture(scope="session")
def files(board: Leaderboard) -> dict[str, bytes]:
    return render_page(board, synthetic_examples(board))


@pytest.fixture(scope="session")
def versions(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of versions: the large board as `dev`."""
    folder = tmp_path_factory.mktemp("versions")
    write_page(folder, "dev", files)
    return folder


@pytest.fixture(scope="session")
def from_disk(versions: Path) -> str:
    return (versions / "dev" / "index.html").as_uri()


@pytest.fixture(scope="session")
def from_host(versions: Path) -> Iterator[str]:
    with served(versions) as host:
        yield f"{host}/dev/index.html"


@pytest.fixture
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A fresh tab; `@pytest.mark.parametrize("page", [options], indirect=True)` changes its context.

    At the end nothing may have been logged as an error, and nothing asked for beyond the page's own host.
    """
    context = browser.new_context(
        **{"viewport": {"width": 1280, "height": 800}, **getattr(request, "param", {})}
    )
    tab = context.new_page()
    errors: list[str] = []
    asked: list[str] = []

    def log(message: Any) -> None:
        if message.type in ("error", "warning"):
            errors.append(message.text)

    def refuse(dialog: Any) -> None:
        errors.append(dialog.message)
        dialog.dismiss()

    tab.on("console", log)
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("dialog", refuse)
    context.on("request", lambda found: asked.append(found.url))
    yield tab
    context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:///", "http://127.0.0.1:", "data:"))] == []
