"""A contact sheet: one example of each finding, to look at."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from lovt_bench.benchmark.data.phantom.canvas import Canvas
from lovt_bench.benchmark.data.phantom.findings import Request, finding_kinds
from lovt_bench.benchmark.data.phantom.scene import Scene, draw_picture
from lovt_bench.benchmark.disk.temporary import new_file

TILE, COLUMNS, BAR, GREYS = 200, 5, 18, 36
"""Side of a tile, tiles in a row and height of the caption in pixels; grey levels, few for a small file."""


def write_sheet(path: Path, seed: int) -> None:
    """Write a PNG of a healthy chest, each finding and foreign objects."""
    names = ["healthy", *finding_kinds(), "foreign objects"]
    rows = -(-len(names) // COLUMNS)
    sheet = Image.new("L", (COLUMNS * TILE, rows * (TILE + BAR)))
    draw = ImageDraw.Draw(sheet)
    for number, name in enumerate(names):
        key = ("sheet", number)
        requests = (Request(name, severity=0.6),) if name in finding_kinds() else ()
        objects = 4 if name == "foreign objects" else 0
        picture = draw_picture(Canvas(512, 512), Scene(seed, key, key, key, requests, objects))
        tile = Image.fromarray(picture.pixels).resize((TILE, TILE), Image.Resampling.BOX)
        x, y = number % COLUMNS * TILE, number // COLUMNS * (TILE + BAR)
        sheet.paste(tile, (x, y))
        draw.text((x + 6, y + TILE + 2), name, fill=230, font=ImageFont.load_default(14))
    with new_file(path) as partial:
        step = 256 / GREYS
        sheet.point([round(int(value / step) * step) for value in range(256)]).save(
            partial, "PNG", optimize=True
        )
