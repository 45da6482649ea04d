"""Pictures of every view, to look at: `python -m tests.leaderboard.show.page.screenshots OUT`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.show.page import render_page
from lovt_bench.tasks.registry import load_tasks
from tests.leaderboard.records import record_set
from tests.leaderboard.show.page.browser import chromium, write_page
from tests.leaderboard.synthetic_board import HOSTILE_ROW, synthetic_board, synthetic_examples

PUBLIC = "public-official-paper-lovt-2022"
PHANTOM = "phantom-seeded-demo-lovt-2022"

VIEWS = {
    "table": f"table/{PUBLIC}",
    "intervals": f"table/{PUBLIC}?intervals=1&train=1",
    "ranks": f"ranks/{PUBLIC}",
    "tasks": f"tasks/{PUBLIC}",
    "task": f"task/{PUBLIC}/rsna_frozen_10",
    "submission": f"submission/{PUBLIC}/m-041",
    "hostile": f"submission/{PUBLIC}/{HOSTILE_ROW}",
    "compare": f"compare/{PUBLIC}",
    "cost": f"cost/{PUBLIC}",
    "properties": f"properties/{PUBLIC}",
    "versions": "changes",
    "phantom": f"table/{PHANTOM}",
    "phantom-boxes": f"task/{PHANTOM}/rsna_frozen_100",
    "phantom-masks": f"task/{PHANTOM}/rsna_seg_linear_100",
}

PUBLISHED = {
    "published": "table/published-lovt-2022",
    "published-ranks": "ranks/published-lovt-2022",
    "published-task": "task/published-lovt-2022/covid_linear",
    "published-compare": "compare/published-lovt-2022?a=lovt-100&b=clip-100",
    "published-properties": "properties/published-lovt-2022",
    "published-submission": "submission/published-lovt-2022/lovt-100",
}

SIZES = {"wide": (1440, 900), "narrow": (390, 844)}


def take(out: Path, only: str = "") -> list[Path]:
    """Write a picture per view, size and theme, and one page as print gives it; return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    taken: list[Path] = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        root = Path(folder)
        board = synthetic_board()
        pages = {
            write_page(root / "large", "dev", render_page(board, synthetic_examples(board))): VIEWS,
            write_page(root / "published", "dev", render_page(_published())): PUBLISHED,
            write_page(root / "empty", "dev", render_page(_published().model_copy(update={"tables": []}))): {
                "empty": ""
            },
        }
        for size, (width, height) in SIZES.items():
            for theme in ("light", "dark"):
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
                page = context.new_page()
                for index, views in pages.items():
                    for name, address in views.items():
                        path = out / f"{name}-{size}-{theme}.png"
                        if only in path.name:
                            _picture(page, f"{index.as_uri()}#/{address}", path)
                            taken.append(path)
                context.close()
        if not only:
            page = browser.new_page()
            for index in list(pages)[:2]:
                path = out / f"print-{index.parent.parent.name}.pdf"
                page.goto(index.as_uri())
                page.wait_for_selector("main h1")
                page.pdf(path=path, prefer_css_page_size=True)
                taken.append(path)
    return taken


def _published() -> Any:
    return build(record_set([]), load_published(), load_tasks())


def _picture(page: Any, address: str, path: Path) -> None:
    from playwright.sync_api import expect

    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector("main h1")
    expect(page.locator(".plot:not([data-drawn])")).to_have_count(0)
    page.screenshot(path=path, full_page=True)


def main() -> None:
    """Take all pictures, or those whose name contains a second argument."""
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python -m tests.leaderboard.show.page.screenshots OUT [PART-OF-NAME]")
    for path in take(Path(sys.argv[1]), *sys.argv[2:]):
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
