"""The other views in a real browser: from disk and from a host, comparison, versions, print, without scripts."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import vl_convert
from playwright.sync_api import expect

from lovt_bench.benchmark.contract.leaderboard import Leaderboard, OverImages, Table
from lovt_bench.benchmark.contract.notice import Notice
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.selection import select
from lovt_bench.leaderboard.releases.release import release
from lovt_bench.leaderboard.show.layout import WIDEST, half_width, percent
from lovt_bench.leaderboard.show.page import render_page
from lovt_bench.leaderboard.show.page.properties import property_sets
from lovt_bench.leaderboard.show.plots.chart import filled
from lovt_bench.leaderboard.show.plots.cost import COSTS
from lovt_bench.leaderboard.show.plots.pair import pair_chart
from lovt_bench.leaderboard.show.plots.theme import Spec, on_paper
from lovt_bench.leaderboard.show.plots.write import FIGURES, Kind
from lovt_bench.leaderboard.text import slug
from tests.leaderboard.records import TASKS, record_set, runs
from tests.leaderboard.show.page.browser import write_page
from tests.leaderboard.sources import sources, two_rows

PUBLIC = "public-official-paper-lovt-2022"
PHANTOM = "phantom-seeded-demo-lovt-2022"
VIEWS = [
    f"table/{PUBLIC}",
    f"ranks/{PUBLIC}?balance=task",
    f"tasks/{PUBLIC}",
    f"task/{PUBLIC}/rsna_frozen_10",
    f"submission/{PUBLIC}/m-007",
    f"compare/{PUBLIC}",
    f"cost/{PUBLIC}",
    f"properties/{PUBLIC}?property=image.rank",
    "properties/published-lovt-2022",
    "changes",
    "table/published-lovt-2022",
    "ranks/published-lovt-2022",
    "submission/published-lovt-2022/lovt-100",
    f"task/{PHANTOM}/rsna_frozen_100",
    "table/claimed-public",
    f"submission/{PUBLIC}/no-such-row",
    "no-such-view/no-such-table/%E0%A4%A",
]


@pytest.mark.slow
@pytest.mark.parametrize("origin", ["from_disk", "from_host"])
def test_every_view_opens_and_draws(page: Any, origin: str, request: pytest.FixtureRequest) -> None:
    address = request.getfixturevalue(origin)
    titles = set()
    for view in VIEWS:
        page.goto(f"{address}#/{view}")
        expect(page.locator("main h1")).to_have_count(1)
        expect(page.locator("main[aria-busy]")).to_have_count(0)
        expect(page.locator(".plot:not([data-drawn])")).to_have_count(0)
        assert page.locator(".plot").count() == page.locator(".plot svg").count(), view
        titles.add(page.title())
    assert len(titles) >= len(VIEWS) - 2


def test_two_rows_are_compared_with_the_tests_of_the_board(
    page: Any, from_disk: str, board: Leaderboard
) -> None:
    table = board.table(PUBLIC)
    assert table.analysis
    pair = table.analysis.pairs[0]
    a, b = (next(row for row in table.rows if row.id == name) for name in (pair.first, pair.second))
    page.goto(f"{from_disk}#/compare/{PUBLIC}")
    page.get_by_label("First row").select_option(a.id)
    page.get_by_label("Second row").select_option(b.id)
    assert f"a={a.id}&b={b.id}" in page.url
    lines = page.locator("table.numbers tbody tr")
    assert lines.count() == len(table.columns)
    for place, (column, p) in enumerate(zip(table.columns, pair.p_values, strict=True)):
        x, y = a.cell(column.task), b.cell(column.task)
        assert x is not None
        assert y is not None
        assert x.summary is not None
        verdict = "not tested" if p is None else "told apart" if p < 0.05 else "cannot be told apart"
        shown = lines.nth(place).locator("td").all_text_contents()
        assert shown[0].startswith(percent(x.summary.mean))
        assert shown[-1] == verdict
    page.get_by_label("Second row").select_option(a.id)
    expect(page.get_by_text("Choose two different rows.")).to_be_visible()
    assert page.locator(".warning").count() == 0
    page.goto(f"{from_disk}#/compare/published-lovt-2022?a=lovt-100&b=clip-100")
    expect(page.locator(".warning")).to_contain_text("these p-values are too small")


def test_the_best_of_a_task_is_the_one_that_the_board_marks(
    page: Any, from_disk: str, board: Leaderboard
) -> None:
    """Means are stored shortened: rows may look equal that are not, and unfinished rows are never best."""
    for table in (board.table(PUBLIC), board.table(PHANTOM)):
        page.goto(f"{from_disk}#/tasks/{table.id}")
        expect(page.locator("h1")).to_have_text("Tasks")
        sheets = page.locator("main table.list")
        shown = sheets.first.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => row.querySelectorAll('td')[2].textContent)"
        )
        complete = sum(row.complete for row in table.rows)
        expect(sheets).to_have_count(2)
        expect(sheets.nth(1).locator("caption")).to_have_text(f"Of the {complete} complete rows")
        assert sheets.nth(1).locator("tbody tr").count() == len(table.columns)
        best = [
            [row.display_name for row in table.rows if (cell := row.cell(column.task)) and cell.best]
            for column in table.columns
        ]
        assert shown == [names[0] + (f" and {len(names) - 1} more" if names[1:] else "") for names in best]


def test_a_submission_shows_runs_claims_cost_and_commands(
    page: Any, from_disk: str, board: Leaderboard
) -> None:
    row = next(row for row in board.table(PUBLIC).rows if row.id == "m-011")
    page.goto(f"{from_disk}#/submission/{PUBLIC}/{row.id}")
    line = page.locator("table.numbers tbody tr").first
    expect(line).to_contain_text("".join(percent(run.value or 0) for run in row.cells[0].runs))
    claim = row.cells[0].claimed
    assert claim
    expect(line).to_contain_text(f"{percent(claim.value)} ± {percent(claim.interval95 or 0)}")
    expect(page.locator("pre")).to_contain_text(f"lovt-bench evaluate {row.id} --profile paper")
    expect(page.locator(".warning").first).to_contain_text("Stale.")
    expect(page.get_by_text("Pre-training data", exact=True)).to_be_visible()


def test_a_row_shows_intervals_over_images_beside_those_over_seeds(page: Any, tmp_path: Path) -> None:
    records = [
        record
        for task in ("covid_linear", "nih_seg_linear")
        for record in runs("mine", task, [0.3, 0.4, 0.5])
    ]
    ((group,), _) = select(records, {task: spec.metric for task, spec in TASKS.items()}, {})
    said = OverImages(interval95=0.1234, share_of_seeds=0.25, runs=3, images=44)
    over_images = {group.sets["mine", "covid_linear"].keys_sha256: said}
    board = build(record_set(records), [], list(TASKS.values()), over_images=over_images)
    index = write_page(tmp_path, "dev", render_page(board)).as_uri()
    page.goto(f"{index}#/submission/{board.tables[0].id}/mine")
    sheet = page.locator("table.numbers").first
    place = sheet.locator("thead th").all_text_contents().index("Other images")
    lines = [sheet.locator("tbody tr").nth(number).locator("th, td").nth(place) for number in (0, 1)]
    expect(lines[0]).to_have_text("± 12.3")
    expect(lines[0]).to_have_attribute(
        "title", "3 distinct runs, 44 images; 25 % of the variance is of seeds"
    )
    expect(lines[1]).to_have_text("—")
    expect(page.locator(".legend").first).to_contain_text("other images of the same source")


def test_a_row_shows_what_its_network_is_and_costs(page: Any, from_disk: str, board: Leaderboard) -> None:
    """In its own view, and beside all others below the chart of cost."""
    table = board.table(PUBLIC)
    row = next(row for row in table.rows if row.network)
    page.goto(f"{from_disk}#/cost/{PUBLIC}?cost=gmac")
    line = page.locator(
        "table.list tbody tr", has=page.get_by_role("link", name=row.display_name, exact=True)
    )
    shown = line.locator("td").all_text_contents()
    assert shown[2:9] == [
        "transformer",
        "vit-small",
        "14 px",
        f"{(row.parameters or 0) / 1e6:.1f} M",
        "4.6",
        "812 (NVIDIA A100)",
        "518 px",
    ]
    assert page.locator("table.list tbody tr").count() == len(table.rows)
    page.goto(f"{from_disk}#/submission/{PUBLIC}/{row.id}")
    facts = page.locator("dl.facts").first
    for text in (
        "vit-small",
        "transformer",
        "14 pixels",
        "4.6 GMAC an image",
        "812 (NVIDIA A100)",
        "images of 518 pixels",
    ):
        expect(facts).to_contain_text(text)


@pytest.mark.parametrize("page", [{"color_scheme": "dark"}], indirect=True)
def test_the_shapes_of_a_legend_are_seen_on_a_dark_page(page: Any, from_disk: str) -> None:
    """A legend of shapes alone has no colour of its own: it was black."""
    page.goto(f"{from_disk}#/cost/{PUBLIC}")
    expect(page.locator(".plot[data-drawn] svg")).to_be_visible()
    fills = page.locator(".role-legend-symbol path").evaluate_all(
        "paths => paths.map(path => getComputedStyle(path).fill)"
    )
    assert len(fills) > 2
    assert "rgb(0, 0, 0)" not in fills


def test_examples_tell_truth_from_prediction_without_colour(page: Any, from_disk: str) -> None:
    page.goto(f"{from_disk}#/task/{PHANTOM}/rsna_frozen_100")
    dashes = {
        kind: page.locator(f".example .{kind} rect.line").first.evaluate(
            "e => getComputedStyle(e).strokeDasharray"
        )
        for kind in ("truth", "found")
    }
    assert dashes["truth"] == "none" != dashes["found"]
    assert page.locator(".example image").first.get_attribute("href").startswith("examples/")
    page.goto(f"{from_disk}#/task/{PUBLIC}/rsna_frozen_100")
    expect(page.locator("h1")).to_have_text("RSNA YOLOv3 frozen 100 %")
    expect(page.locator("main[aria-busy]")).to_have_count(0)
    assert page.locator(".example").count() == 0


def test_tables_of_different_kinds_are_named_apart(page: Any, from_disk: str) -> None:
    for table, word in (
        (PHANTOM, "Phantom"),
        ("published-lovt-2022", "Published"),
        ("claimed-public", "Claimed"),
    ):
        for view in ("table", "tasks", "compare"):
            page.goto(f"{from_disk}#/{view}/{table}")
            expect(page.locator(".stamp-line b")).to_have_text(word)
    page.goto(f"{from_disk}#/table/{PUBLIC}")
    expect(page.locator("h1")).to_contain_text("Public data")
    assert page.locator(".stamp-line").count() == 0
    page.goto(f"{from_disk}#/changes/published-lovt-2022")
    expect(page.locator("h1")).to_have_text("Versions and changes")
    assert page.locator(".stamp-line").count() == 0


def test_the_version_switch_goes_to_the_same_view_of_another_version(
    page: Any, board: Leaderboard, tmp_path: Path
) -> None:
    small = board.model_copy(update={"tables": [board.table("published-lovt-2022")]})
    for version in ("1.0.0", "1.1.0"):
        index = write_page(tmp_path, version, render_page(small.model_copy(update={"version": version})))
    page.goto(f"{index.as_uri()}#/ranks/published-lovt-2022?balance=task")
    page.get_by_label("Version").select_option("1.0.0")
    page.wait_for_url("**/1.0.0/index.html#/ranks/published-lovt-2022?balance=task")
    expect(page.locator("h1")).to_have_text("Ranks")
    assert page.title().endswith("1.0.0")
    page.get_by_role("link", name="Versions").click()
    expect(page.get_by_role("link", name="1.1.0")).to_have_attribute("href", "../1.1.0/index.html")
    expect(page.get_by_text("3 rows added.")).to_be_visible()


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_without_scripts_there_are_plain_tables(page: Any, from_disk: str, board: Leaderboard) -> None:
    page.goto(from_disk)
    assert page.locator("h2").all_text_contents() == [table.title for table in board.tables]
    first = page.locator("section.plain").first
    assert first.locator("tbody").first.locator("tr").count() == 100
    expect(first.locator("tbody td").first).to_contain_text("±")


def test_printing_gives_a_light_table_on_landscape_pages(page: Any, from_disk: str) -> None:
    page.emulate_media(color_scheme="dark", media="print")
    page.set_viewport_size({"width": 1032, "height": 730})
    page.goto(f"{from_disk}#/table/published-lovt-2022")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(
        "document.querySelector('.grid').scrollWidth <= document.documentElement.clientWidth"
    )
    pdf = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)", pdf)
    assert boxes
    assert all(float(width) > float(height) for width, height in boxes)


@pytest.mark.parametrize("page", [{"color_scheme": "dark"}], indirect=True)
def test_the_reader_may_choose_the_theme_and_it_stays(page: Any, from_disk: str) -> None:
    colour = "getComputedStyle(document.body).backgroundColor"
    page.goto(from_disk)
    dark = page.evaluate(colour)
    page.get_by_label("Colours").select_option("light")
    light = page.evaluate(colour)
    assert light != dark
    page.reload()
    assert page.evaluate(colour) == light


def test_scrollbars_take_the_colours_of_the_theme(page: Any, from_disk: str) -> None:
    """Firefox drew them white on the dark page."""
    page.goto(from_disk)
    page.wait_for_selector(".scroll.tall")
    colours = set()
    for theme in ("light", "dark"):
        page.get_by_label("Colours").select_option(theme)
        colour = page.evaluate("getComputedStyle(document.querySelector('.scroll.tall')).scrollbarColor")
        assert colour != "auto"
        colours.add(colour)
    assert len(colours) == 2


def test_numbers_round_as_every_other_rendering(page: Any, from_disk: str) -> None:
    drawn = random.Random(1)
    values = [drawn.random() for _ in range(2000)] + [number / 4000 for number in range(400)]
    page.goto(from_disk)
    shown = page.evaluate("values => values.map(LOVT.format.percent)", values)
    assert shown == [percent(value) for value in values]
    halves = [None, 0.0, 0.0812, WIDEST, WIDEST + 1e-6, 1.271]
    shown = page.evaluate("halves => halves.map((half) => LOVT.format.halfWidth(half))", halves)
    assert shown == [half_width(half) for half in halves]
    ranks = [number / 24 for number in range(24, 24 * 40)] + [number / 36 for number in range(36, 36 * 20)]
    assert page.evaluate("ranks => ranks.map((rank) => LOVT.format.fixed(rank))", ranks) == [
        f"{rank:.2f}" for rank in ranks
    ]


def test_text_contrasts_by_wcag_in_both_themes(page: Any, from_disk: str) -> None:
    """4.5 to 1 for every colour of text on every background it stands on."""
    page.goto(from_disk)
    for theme in ("light", "dark"):
        page.get_by_label("Colours").select_option(theme)
        variable = "name => getComputedStyle(document.documentElement).getPropertyValue(name).trim()"
        for ink in ("--ink", "--quiet", "--link", "--warn"):
            for paper in ("--paper", "--raised", "--sunk", "--hover"):
                ratio = _contrast(page.evaluate(variable, ink), page.evaluate(variable, paper))
                assert ratio >= 4.5, (theme, ink, paper, ratio)


def _contrast(first: str, second: str) -> float:
    def luminance(colour: str) -> float:
        digits = colour.lstrip("#")
        digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
        parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def test_pages_say_what_was_withdrawn_or_is_disputed(page: Any, tmp_path: Path) -> None:
    """The page of the newest release says it of the older one; the older one's own page, frozen, reads the list too."""
    withdrawn = Notice(
        row="imagenet", date="2026-05-02", reason="<b>It saw</b> the test images", decided_by="my-group"
    )
    notices = [withdrawn, withdrawn.model_copy(update={"row": "random", "state": "disputed"})]
    out = tmp_path / "versions"
    release(out, sources(tmp_path / "a", two_rows()), date="2026-05-01")
    release(out, sources(tmp_path / "b", two_rows(), notices=notices), date="2026-05-02")
    text = "row imagenet (2026-05-02, decided by my-group): <b>It saw</b> the test images."
    page.goto((out / "1.1.0" / "index.html").as_uri())
    expect(page.locator(".flag", has_text="disputed")).to_be_visible()
    expect(page.locator(".notes")).to_contain_text(f"Withdrawn: {text}")
    expect(page.locator(".warning")).to_have_count(0)
    table = page.evaluate("LOVT.board.raw.tables[0].id")
    page.goto(f"{(out / '1.1.0' / 'index.html').as_uri()}#/submission/{table}/random")
    expect(page.locator(".warning")).to_contain_text("Disputed: row random")
    page.get_by_role("link", name="Versions").click()
    old = page.locator("section", has=page.get_by_role("link", name="1.0.0", exact=True))
    expect(old.locator(".warning")).to_have_text(f"Withdrawn: {text}")
    expect(page.locator(".warning")).to_have_count(1)
    page.goto((out / "1.0.0" / "index.html").as_uri())
    expect(page.locator(".warning")).to_have_text(f"Newer versions leave this out. Withdrawn: {text}")


PUBLISHED = "published-lovt-2022"
TASK = "rsna_frozen_10"


def pair(table: Table) -> Spec:
    """Return the chart of a comparison, which `leaderboard plot` does not draw: the reader chooses its rows."""
    both = [row for row in table.rows if row.id in ("lovt-100", "clip-100")]
    rows = [
        {
            "id": row.id,
            "name": row.display_name,
            "task": column.task,
            "title": column.title,
            "mean": cell.summary.mean,
            "half": cell.summary.interval(table.interval),
        }
        for column in table.columns
        for row in both
        if (cell := row.cell(column.task)) and cell.summary
    ]
    return filled(pair_chart(), rows, 700)


def of_kind(kind: Kind, name: str) -> Callable[[Table], Spec]:
    """Return what finds a chart of `leaderboard plot` by its file's name."""

    def find(table: Table) -> Spec:
        return next(figure.chart for found, figure in FIGURES[kind](table) if re.fullmatch(name, found))

    return find


@pytest.mark.parametrize(
    ("address", "place", "paper"),
    [
        (f"ranks/{PUBLISHED}", 0, of_kind("ranks", "ranks")),
        (f"ranks/{PUBLISHED}?balance=task", 1, of_kind("cd", "cd-task")),
        (f"tasks/{PUBLISHED}", 0, of_kind("heatmap", "heatmap")),
        (f"task/{PUBLISHED}/{TASK}", 0, of_kind("scores", rf"scores-\d\d-{slug(TASK)}")),
        (f"task/{PHANTOM}/{TASK}", 1, of_kind("curves", rf"curves-\d\d-{slug(TASK)}")),
        (f"compare/{PUBLISHED}?a=lovt-100&b=clip-100", 0, pair),
        *((f"cost/{PHANTOM}?cost={kind}", 0, of_kind("cost", f"cost-{kind}")) for kind in COSTS),
    ],
    ids=["ranks", "critical", "heat", "scores", "curves", "pair", *COSTS],
)
def test_page_and_paper_show_the_same_chart(
    page: Any, from_disk: str, board: Leaderboard, address: str, place: int, paper: Callable[[Table], Spec]
) -> None:
    """Every text of the chart, the numbers of its axes included, is what `leaderboard plot` writes at that width."""
    page.goto(f"{from_disk}#/{address}")
    frame = page.locator(".plot:visible").nth(place)
    expect(frame).to_have_attribute("data-drawn", "true")
    shown = frame.locator("svg text").all_text_contents()
    spec = paper(board.table(re.split("[/?]", address)[1]))
    least = spec.get("usermeta", {}).get("least", 240)
    width = max(least, frame.evaluate("element => element.clientWidth") - 12)
    drawn = ElementTree.fromstring(vl_convert.vegalite_to_svg(on_paper(spec | {"width": width})))
    assert len(shown) > 10
    assert sorted(shown) == sorted(item.text or "" for item in drawn.iter() if item.tag.endswith("text"))


def test_the_reader_chooses_property_and_score(page: Any, from_disk: str, board: Leaderboard) -> None:
    (found, *_) = property_sets(board.table(PUBLIC))
    page.goto(f"{from_disk}#/properties/{PUBLIC}?property=image.rank&score=dice")
    shown = page.locator("main [data-choice]:not([hidden])")
    expect(shown.locator(".plot[data-drawn]")).to_have_count(1)
    expect(shown.locator("[data-rows] tbody tr")).to_have_count(len(found.rows))
    shown_first = shown.locator("[data-rows] a").first.get_attribute("href").split("/")[-1]
    first = next(row for row in found.rows if row.id == shown_first)
    expect(shown.locator("[data-rows] tbody tr").first).to_contain_text(f"{first.values['image.rank']:.3f}")
    page.select_option("select[name=score]", "map")
    expect(shown.locator("figcaption")).to_contain_text("mAP, mean of")
    assert "score=map" in page.url


def test_a_row_shows_its_analysis_beside_others(page: Any, from_disk: str) -> None:
    page.goto(f"{from_disk}#/submission/{PUBLIC}/m-007")
    part = page.locator("section", has=page.locator("h2", has_text="Embeddings"))
    expect(part.locator(".plot[data-drawn]")).to_have_count(2)
    expect(part.locator("h3").first).to_contain_text("24 test images of RSNA, 64 pixels, level c5")
    expect(part).to_contain_text("more rows were measured on these images")
