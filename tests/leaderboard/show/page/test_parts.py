"""Links, numbers, commands and outlines of the page, each against a plain statement of what they should be."""

from __future__ import annotations

import base64
import io
import re
import shlex

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.show.layout import percent
from lovt_bench.leaderboard.show.page.contours import outline
from lovt_bench.leaderboard.show.page.examples import SHOWN, example_files
from lovt_bench.leaderboard.show.page.links import web_address
from lovt_bench.leaderboard.show.page.numbers import score
from lovt_bench.leaderboard.show.page.reproduce import commands
from tests.leaderboard.synthetic_board import synthetic_board, synthetic_examples


@pytest.mark.parametrize("text", ["https://arxiv.org/abs/2112.02889", "http://example.org/a?b=c#d"])
def test_web_addresses_become_links(text: str) -> None:
    assert web_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "javascript:alert(1)",
        "JaVaScRiPt://example.org/%0aalert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//example.org",
        "https://",
        "https://user@example.org",
        "https://example.org/ x",
        "https://[",
        "https://example.org/" + "x" * 3000,
    ],
)
def test_anything_else_stays_text(text: str | None) -> None:
    assert web_address(text) is None


@given(st.floats(0, 1))
def test_a_short_number_shows_as_the_full_one(value: float) -> None:
    assert percent(score(value)) == percent(value)


def test_commands_make_a_row_again_by_how_it_was_made() -> None:
    table = synthetic_board(12, 2).table("public-official-paper-lovt-2022")
    shown = {
        row.evidence: commands(row, table) for row in table.rows if row.id in ("m-001", "m-006", "m-007")
    }
    assert shown["validated"][0] == "lovt-bench submit m-001 --weights WEIGHTS"
    assert shown["reproduced"][1] == "lovt-bench evaluate m-006 --profile paper"
    assert re.fullmatch(
        r"lovt-bench pretrain simclr --seed 12345 --fraction (0\.3|1) --name m-007", shown["retrained"][0]
    )
    always_there = table.rows[0].model_copy(update={"id": "random", "provenance": {}})
    assert commands(always_there, table)[0] == "lovt-bench evaluate random --profile paper"
    gone = always_there.model_copy(update={"architecture": None})
    assert commands(gone, table)[0] == "lovt-bench submit random --weights WEIGHTS"
    claimed = table.model_copy(update={"kind": "claimed"})
    assert commands(table.rows[0], claimed) == []


def test_settings_are_part_of_the_commands() -> None:
    table = synthetic_board(12, 2).table("public-official-paper-lovt-2022")
    row = next(row for row in table.rows if row.id == "m-007")
    hostile = {"Setting noise": "0.6", "Setting a;id": "1", "Setting file": "$(id)"}
    first = commands(row.model_copy(update={"provenance": {**row.provenance, **hostile}}), table)[0]
    assert "--set noise=0.6 --set file=VALUE --name m-007" in first
    assert "id)" not in first
    assert "a;id" not in first


def test_a_hostile_method_enters_no_command() -> None:
    table = synthetic_board(4, 2).table("public-official-paper-lovt-2022")
    row = next(row for row in table.rows if row.id == "m-003")
    for label in ("Method", "Variant", "Seed", "Profile"):
        provenance = {"Method": "simclr", label: "x; rm -rf ~ $(id)"}
        for line in commands(
            row.model_copy(update={"evidence": "retrained", "provenance": provenance}), table
        ):
            assert shlex.join(shlex.split(line)) == line


def encoded(image: Image.Image) -> str:
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode()


def test_an_outline_encloses_the_pixels_of_its_mask() -> None:
    """Filling the path's polygons by the even-odd rule gives the mask back, a hole and the image's edge included."""
    mask = Image.new("1", (64, 64))
    draw = ImageDraw.Draw(mask)
    draw.rectangle((0, 5, 20, 30), fill=1)
    draw.ellipse((30, 20, 60, 60), fill=1)
    draw.rectangle((40, 35, 48, 44), fill=0)
    scale = 8
    filled = np.zeros((64 * scale, 64 * scale), bool)
    for part in outline(encoded(mask)).split("M")[1:]:
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", part)]
        points = [(scale * x, scale * y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
        polygon = Image.new("1", filled.shape[::-1])
        ImageDraw.Draw(polygon).polygon(points, fill=1)
        filled ^= np.asarray(polygon)
    centres = filled[scale // 2 :: scale, scale // 2 :: scale]
    assert np.array_equal(centres, np.asarray(mask))


def test_an_empty_mask_has_no_outline() -> None:
    assert outline(encoded(Image.new("1", (16, 16)))) == ""


@pytest.mark.parametrize(
    "text",
    [
        "%%%",
        base64.b64encode(b"<svg onload=alert(1)>").decode(),
        base64.b64encode(b"\x89PNG\r\n\x1a\nbroken").decode(),
    ],
)
def test_what_is_no_image_is_refused(text: str) -> None:
    with pytest.raises(LeaderboardError, match="example"):
        outline(text)


def test_examples_are_of_the_best_rows_and_share_their_images() -> None:
    board = synthetic_board(2, SHOWN + 3)
    names = [row.id for row in board.table("phantom-seeded-demo-lovt-2022").rows]
    sets = synthetic_examples(board)
    template = next(iter(sets.values()))
    every = {name: [item.model_copy(update={"submission": name}) for item in template] for name in names}
    files, tasks = example_files(board, every)
    assert tasks == ["rsna_frozen_100", "rsna_seg_linear_100"]
    script = files["examples/rsna_frozen_100.js"].decode()
    assert script.count('"row":') == SHOWN
    assert '"left_out":3' in script
    assert sum(name.endswith(".png") for name in files) == 4
