"""The main table in a real browser, on 200 submissions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from lovt_bench.benchmark.contract.leaderboard import Leaderboard, Table
from lovt_bench.leaderboard.show.layout import UNFINISHED, percent
from lovt_bench.leaderboard.show.page import render_page
from tests.leaderboard.show.page.browser import write_page
from tests.leaderboard.synthetic_board import HOSTILE, HOSTILE_ROW

PUBLIC = "public-official-paper-lovt-2022"
PHONE = {"viewport": {"width": 390, "height": 844}}
WHOLE = '[aria-label="Main table"]'
BEGUN = f'[aria-label="{UNFINISHED}"]'


@pytest.fixture
def table(board: Leaderboard) -> Table:
    return board.table(PUBLIC)


def names(page: Any, part: str = ".view") -> list[str]:
    return page.locator(f"{part} .grid tbody th a").all_text_contents()


def column_values(page: Any, place: int, part: str = WHOLE) -> list[str]:
    return page.locator(f'{part} td[data-column="{place}"]').evaluate_all(
        "cells => cells.map(cell => cell.querySelector('.value')?.textContent ?? cell.textContent)"
    )


def test_a_column_sorts_down_then_up_then_gives_the_order_back(
    page: Any, from_disk: str, table: Table
) -> None:
    page.goto(from_disk)
    own = names(page)
    assert own == [row.display_name for row in table.rows]
    task = table.columns[3].task
    whole = [row for row in table.rows if row.complete]
    measured = [cell.summary.mean for row in whole if (cell := row.cell(task)) and cell.summary]
    button = page.locator(f'{WHOLE} [data-sort="{task}"]')
    header = page.locator(f"{WHOLE} th", has=page.locator(f'[data-sort="{task}"]'))

    button.click()
    expect(header).to_have_attribute("aria-sort", "descending")
    assert column_values(page, 3)[:50] == [percent(value) for value in sorted(measured, reverse=True)][:50]
    button.click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert column_values(page, 3)[:50] == [percent(value) for value in sorted(measured)][:50]
    button.click()
    expect(header).to_have_attribute("aria-sort", "none")
    assert names(page) == own


def test_unfinished_rows_stand_apart_with_the_tasks_they_have(
    page: Any, board: Leaderboard, table: Table, tmp_path: Path
) -> None:
    rows = [
        row.model_copy(update={"cells": row.cells[:kept], "complete": False, "mean_rank": None})
        for row, kept in zip(table.rows[3:6], (1, 3, 2), strict=True)
    ]
    some = table.model_copy(update={"rows": [*table.rows[:3], *rows], "analysis": None})
    page.goto(write_page(tmp_path, "dev", render_page(board.model_copy(update={"tables": [some]}))).as_uri())
    expect(page.get_by_role("heading", name=UNFINISHED)).to_be_visible()
    assert names(page, WHOLE) == [row.display_name for row in table.rows[:3]]
    assert names(page, BEGUN) == [row.display_name for row in rows]
    assert page.locator(f"{WHOLE} thead .task").count() == 18
    assert page.locator(f"{BEGUN} thead .task").count() == 3, "those that any of them has"
    assert page.locator(f"{BEGUN} td.rank").all_text_contents() == ["1/18", "3/18", "2/18"]
    third = page.locator(f'{BEGUN} [data-sort="{table.columns[2].task}"]')
    for _ in range(2):
        third.click()
        expect(third).to_be_focused()
        assert column_values(page, 2, BEGUN)[1:] == ["—", "—"], "missing ones are last either way"
    page.get_by_label("Find").fill(rows[1].display_name)
    assert names(page) == [rows[1].display_name]
    page.get_by_label("Find").fill(table.rows[0].display_name)
    expect(page.locator(BEGUN)).to_be_hidden()


def test_unfinished_rows_without_a_task_that_fits_are_not_shown(
    page: Any, board: Leaderboard, table: Table, tmp_path: Path
) -> None:
    begun = table.rows[3].model_copy(
        update={"cells": table.rows[3].cells[:1], "complete": False, "mean_rank": None}
    )
    some = table.model_copy(update={"rows": [*table.rows[:3], begun], "analysis": None})
    file = write_page(tmp_path, "dev", render_page(board.model_copy(update={"tables": [some]})))
    without_scripts = file.read_text(encoding="utf-8")
    assert without_scripts.count('<th scope="col">Tasks</th>') == 1
    assert "<td>1/18</td>" in without_scripts
    page.goto(file.as_uri())
    expect(page.locator(BEGUN)).to_be_visible()
    own = table.columns[0].train_fraction
    other = next(column.train_fraction for column in table.columns if column.train_fraction != own)
    page.get_by_label("Training images").select_option(f"{other:g}")
    expect(page.locator(BEGUN)).to_be_hidden()
    page.get_by_label("Training images").select_option(f"{own:g}")
    expect(page.locator(BEGUN)).to_be_visible()


def test_diverged_cells_sort_last(page: Any, from_disk: str) -> None:
    page.goto(f"{from_disk}#/table/{PUBLIC}?sort=covid_linear&dir=desc")
    page.reload()
    assert column_values(page, 11)[-1] == "diverged"


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("supervision=text", lambda row: row.supervision == "text"),
        ("class=open", lambda row: row.architecture_class == "open"),
        ("family=transformer", lambda row: row.network and row.network.family == "transformer"),
        ("evidence=reproduced", lambda row: row.evidence in ("reproduced", "retrained")),
        ("corpus=0.3", lambda row: row.fraction == 0.3),
        ("clean=1", lambda row: all(item.mark == "clean" for item in row.overlaps)),
        ("q=lovt+30", lambda row: "lovt" in row.display_name.lower() and "30" in row.display_name),
    ],
)
def test_a_linked_filter_keeps_the_rows_it_names(
    page: Any, from_disk: str, table: Table, query: str, kept: Any
) -> None:
    page.goto(f"{from_disk}#/table/{PUBLIC}?{query}")
    expected = [row.display_name for row in table.rows if kept(row)]
    assert 0 < len(expected) < 200
    assert names(page) == expected


def test_filters_are_set_by_hand_and_live_in_the_address(page: Any, from_disk: str, table: Table) -> None:
    page.goto(from_disk)
    page.get_by_label("Training images").select_option("0.01")
    assert page.locator(f"{WHOLE} thead .task").count() == sum(
        column.train_fraction == 0.01 for column in table.columns
    )
    page.get_by_label("Find").fill("LoVT")
    page.get_by_label("clean only").check()
    shown = names(page)
    assert shown
    assert "train=0.01" in page.url
    page.reload()
    assert names(page) == shown
    page.get_by_label("Find").fill("no such name")
    page.get_by_role("button", name="Clear them").click()
    assert len(names(page)) == 200


def test_what_cannot_be_told_apart_from_the_best_is_shaded(page: Any, from_disk: str, table: Table) -> None:
    """A best value without shade stands apart from every row it was compared with."""
    page.goto(from_disk)
    assert table.analysis
    places = {row.id: place for place, row in enumerate(table.rows)}
    columns = {column.task: place for place, column in enumerate(table.columns)}
    found = [item for item in table.analysis.differences if item.indistinguishable]
    assert found, "of 40 rows compared some cannot be told apart on every task"
    expected = {
        f"{places[name]} {columns[item.task]}"
        for item in found
        for name in (item.best, *item.indistinguishable)
    }
    shown = page.locator("td.cell.close").evaluate_all(
        "cells => cells.map(cell => `${cell.dataset.row} ${cell.dataset.column}`)"
    )
    assert set(shown) == expected
    background = "element => getComputedStyle(element).backgroundColor"
    assert page.locator("td.cell.close").first.evaluate(background) != "rgba(0, 0, 0, 0)"
    compared = found[0].compared
    near = len(found[0].indistinguishable)
    best = f'[data-row="{places[found[0].best]}"][data-column="{columns[found[0].task]}"]'
    page.locator(best).hover()
    expect(page.locator(".tip")).to_contain_text(f"told apart from {compared - near} of {compared} rows")
    page.goto(f"{from_disk}#/table/published-lovt-2022")
    expect(page.locator("h1")).to_contain_text("Published")
    shaded = page.locator("td.cell.close").evaluate_all("cells => cells.map(cell => cell.dataset.column)")
    assert len(set(shaded)) == 16, "on tasks 7 and 8 LoVT stands apart from all others"


def test_methods_clean_and_frozen_rankings_stand_below(page: Any, from_disk: str, table: Table) -> None:
    page.goto(from_disk)
    assert table.clean
    assert table.frozen
    shown = {row.id: row.display_name for row in table.rows}
    for title, ranking in (("Clean ranking", table.clean), ("Frozen ranking", table.frozen)):
        part = page.locator(".further section", has=page.get_by_role("heading", name=title))
        part.get_by_role("button", name="All ").click()
        assert part.locator("tbody a").all_text_contents() == [shown[name] for name in ranking.rows]
        ranks = [f"{rank:.2f}" for rank in ranking.mean_ranks]
        assert part.locator("tbody td").all_text_contents() == ranks
        expect(part).to_contain_text(ranking.note)
    first = max(table.methods, key=lambda item: item.best_on)
    line = page.locator(".further section").first.locator("tbody tr").first
    assert line.locator("th, td").all_text_contents() == [
        first.method,
        f"{first.best_on} of {len(table.columns)}",
        str(len(first.rows)),
    ]


def test_best_and_second_are_marked_as_the_board_says(page: Any, from_disk: str, table: Table) -> None:
    page.goto(from_disk)
    for mark in ("best", "second"):
        shown = page.locator(f"td.cell.{mark}").evaluate_all(
            "cells => cells.map(cell => `${cell.dataset.row} ${cell.dataset.column}`)"
        )
        expected = {
            f"{place} {number}"
            for place, row in enumerate(table.rows)
            for number, column in enumerate(table.columns)
            if (cell := row.cell(column.task)) and getattr(cell, mark)
        }
        assert set(shown) == expected
    weight = page.locator("td.best .value").first.evaluate("element => getComputedStyle(element).fontWeight")
    line = page.locator("td.second .value").first.evaluate(
        "element => getComputedStyle(element).textDecorationLine"
    )
    assert (weight, line) == ("700", "underline")


def test_cells_on_seen_images_carry_a_dagger(page: Any, from_disk: str, table: Table) -> None:
    page.goto(f"{from_disk}#/table/{PUBLIC}?train=0.01")
    seen = [
        row
        for row in table.rows
        if any(x.dataset == "rsna" and x.mark == "overlapping" for x in row.overlaps)
    ]
    on_rsna = [
        column for column in table.columns if column.dataset == "rsna" and column.train_fraction == 0.01
    ]
    assert seen
    assert page.locator("td.cell .dagger").count() == len(seen) * len(on_rsna)
    page.locator("td.cell", has=page.locator(".dagger")).first.focus()
    expect(page.get_by_role("tooltip")).to_contain_text("share images")


def test_both_intervals_show_on_hover_and_on_focus(page: Any, from_disk: str, table: Table) -> None:
    page.goto(from_disk)
    summary = table.rows[0].cells[0].summary
    assert summary
    cell = page.locator('td[data-row="0"][data-column="0"]')
    tip = page.get_by_role("tooltip")
    for reach in (cell.hover, cell.focus):
        expect(tip).to_be_hidden()
        reach()
        expect(tip).to_contain_text(f"± {percent(summary.interval95_student or 0)} 95 %, Student's t")
        expect(tip).to_contain_text(f"± {percent(summary.interval95_normal or 0)} 1.96")
        page.keyboard.press("Escape")
    assert cell.get_attribute("aria-describedby") is None


def test_thousands_of_rows_come_in_steps_and_sort_as_one(
    page: Any, table: Table, board: Leaderboard, tmp_path: Path
) -> None:
    copies = [
        row.model_copy(update={"id": f"{row.id}-{copy}", "display_name": f"{row.display_name} {copy}"})
        for copy in range(6)
        for row in table.rows
    ]
    many = table.model_copy(update={"rows": copies, "analysis": None})
    index = write_page(tmp_path, "dev", render_page(board.model_copy(update={"tables": [many]})))
    page.goto(f"{index.as_uri()}#/table/{PUBLIC}?sort=rsna_frozen_1&dir=desc")
    assert len(names(page, WHOLE)) == 200
    best = max(
        cell.summary.mean for row in table.rows if (cell := row.cell("rsna_frozen_1")) and cell.summary
    )
    assert column_values(page, 3)[:6] == [percent(best)] * 6
    expect(page.get_by_role("button", name="Show all")).to_have_count(0)
    page.get_by_role("button", name="Show 200 more").click()
    shown = column_values(page, 3)
    assert len(shown) == 400
    assert shown == sorted(shown, key=float, reverse=True)
    page.get_by_label("Find").fill("lovt")
    expect(page.get_by_role("button", name="more")).to_have_count(0)
    assert len(names(page)) == sum("lovt" in row.display_name.lower() for row in copies)


def test_everything_is_reached_by_keyboard_alone(page: Any, from_disk: str, table: Table) -> None:
    page.goto(from_disk)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.grid') !== null"):
            break
    assert page.evaluate("document.activeElement.textContent") == table.rows[0].display_name
    # Right to the first task, up to its header, Enter sorts.
    for key in ("ArrowRight",) * 4 + ("ArrowUp",):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator(f"{WHOLE} th[aria-sort=descending]")).to_have_count(1)
    assert f"sort={table.columns[0].task}" in page.url
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    first = page.evaluate("document.activeElement.textContent")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(first)
    expect(page.locator("main")).to_be_focused()


def test_a_hostile_name_is_text_everywhere(page: Any, from_disk: str, table: Table) -> None:
    page.goto(f"{from_disk}#/table/{PUBLIC}?q={HOSTILE_ROW}")
    assert names(page) == [HOSTILE]
    page.locator(".grid tbody a").click()
    expect(page.locator("h1")).to_have_text(HOSTILE)
    expect(page.get_by_text("javascript:alert(1)")).to_be_visible()
    assert page.locator("main a[href^=javascript]").count() == 0
    assert page.locator("main img, main script, main b b, main dd b").count() == 0
    page.goto(f"{from_disk}#/compare/{PUBLIC}?a={HOSTILE_ROW}&b={table.rows[0].id}")
    expect(page.locator(".plot[data-drawn]")).to_be_visible()
    expect(page.locator(".plot svg")).to_contain_text(HOSTILE[:20])
    page.goto(f"{from_disk}#/task/{PUBLIC}/rsna_frozen_1")
    expect(page.locator(".plot svg").first).to_be_visible()
    assert page.locator("main img").count() == 0


@pytest.mark.slow
@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_a_phone_never_scrolls_sideways(page: Any, from_disk: str) -> None:
    views = [
        "table",
        "ranks",
        "tasks",
        "task/{}/rsna_frozen_1",
        "submission/{}/m-003",
        "compare",
        "cost",
        "changes",
    ]
    for view in views:
        page.goto(f"{from_disk}#/{view.format(PUBLIC) if '{}' in view else f'{view}/{PUBLIC}'}")
        expect(page.locator("main[aria-busy]")).to_have_count(0)
        expect(page.locator(".plot:not([data-drawn])")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, view
