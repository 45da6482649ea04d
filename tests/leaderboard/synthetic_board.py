"""A large board through the real build: drawn run records, and what the build cannot know of drawn submissions.

One row is hostile: its name, address and texts try to become markup.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import cache

from lovt_bench.benchmark.contract.dataset import Track
from lovt_bench.benchmark.contract.embedding_facts import EmbeddingFacts
from lovt_bench.benchmark.contract.example import ExampleBox, ExampleImage, ExampleSet
from lovt_bench.benchmark.contract.leaderboard import (
    Cell,
    ClaimedValue,
    Cost,
    Curve,
    Leaderboard,
    Overlap,
    OverlapMark,
    Row,
    Table,
)
from lovt_bench.benchmark.contract.network import NetworkFacts
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.submission import Supervision
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.clean import clean_ranking, frozen_ranking
from lovt_bench.leaderboard.board.descriptions import Description
from lovt_bench.leaderboard.board.embedding_numbers import facts_of
from lovt_bench.leaderboard.board.published import load_published
from tests.leaderboard.embedding_reports import report
from tests.leaderboard.records import TASKS, digest, record_set, runs

HOSTILE = "<img src=x onerror=alert(1)></script><b>Best</b>"
HOSTILE_ROW = "m-003"

_SUPERVISION: tuple[Supervision, ...] = ("none", "general", "labels", "self", "text", "unknown")
_EVIDENCE = ("declared", "validated", "reproduced", "retrained")
_METHODS = ("Anatomy", "BYOL", "ConVIRT", "DenseCL", "GLoRIA", "LoVT", "MAE", "MoCo", "PixPro", "SimCLR")


def synthetic_board(submissions: int = 200, phantom: int = 6, version: str = "dev") -> Leaderboard:
    """Return a board with a public table of that many rows, the published one, a phantom and a claimed table."""
    records = record_set(synthetic_records(submissions, phantom))
    names = {record.submission for record in records.records}
    descriptions = {name: _description(name) for name in names}
    board = build(records, load_published(), list(TASKS.values()), descriptions, version=version)
    return described_board(board)


def described_board(board: Leaderboard) -> Leaderboard:
    """Return the board with what its build cannot know of drawn submissions, and a claimed table."""
    tables = [_described(table) if table.kind == "runs" else table for table in board.tables]
    claimed = [_claimed(table) for table in tables if table.kind == "runs" and table.track == "public"]
    return board.model_copy(update={"tables": [*tables, *claimed]})


def synthetic_records(submissions: int, phantom: int = 6) -> list[RunRecord]:
    """Return five final runs per submission and task; some diverged, are missing or still to come."""
    drawn = random.Random(2022)
    return [
        *_records(
            [f"m-{index:03}" for index in range(submissions)], drawn, track="public", splits="official"
        ),
        *_records([f"p-{index:03}" for index in range(phantom)], drawn, track="phantom", splits="seeded"),
    ]


def synthetic_examples(board: Leaderboard) -> dict[str, list[ExampleSet]]:
    """Return examples of two tasks, one with masks and one with boxes, for the phantom rows."""
    names = [row.id for table in board.tables if table.track == "phantom" for row in table.rows]
    return {
        name: [_examples(name, task, index) for task in ("rsna_frozen_100", "rsna_seg_linear_100")]
        for index, name in enumerate(names[:4])
    }


def _records(names: Sequence[str], drawn: random.Random, **where: str) -> list[RunRecord]:
    level = {task: drawn.uniform(0.1, 0.55) for task in TASKS}
    found: list[RunRecord] = []
    profile = {"profile": "paper", "profile_sha256": digest("paper")} if where["track"] == "public" else {}
    for index, name in enumerate(names):
        skill = drawn.gauss(0, 0.04)
        for task in TASKS:
            centre = level[task] + skill + drawn.gauss(0, 0.02)
            values: list[float | None] = [min(1, max(0, drawn.gauss(centre, 0.008))) for _ in range(5)]
            if index == 5 and task == "covid_linear":
                values[1] = None
            if index == 6 and task.startswith("nih"):
                continue
            kept = values[:3] if index == 7 and task.startswith("siim") else values
            found += runs(
                name, task, kept, train_images=TASKS[task].published_train_images or 32, **where, **profile
            )
    return found


def _described(table: Table) -> Table:
    drawn = random.Random(table.id)
    rows = [_row(row, drawn, table.track) for row in table.rows]
    rankings = {
        "clean": clean_ranking(rows, table.columns),
        "frozen": frozen_ranking(rows, table.columns),
    }
    return table.model_copy(update={"rows": rows, **rankings})


def _description(name: str) -> Description:
    number = int(name.split("-")[1])
    method = HOSTILE if name == HOSTILE_ROW else _METHODS[number % len(_METHODS)]
    fraction = random.Random(name).choice((0.3, 1.0))
    hostile = name == HOSTILE_ROW
    return Description(
        display_name=HOSTILE if hostile else f"{method} {number:03} {100 * fraction:g} %",
        method=method,
        fraction=fraction,
        supervision=random.Random(f"{name} supervision").choice(_SUPERVISION),
        paper="javascript:alert(1)" if hostile else "https://arxiv.org/abs/2112.02889",
        pretraining_data=["MIMIC-CXR"],
        description=HOSTILE if hostile else f"{method} with settings of its own.",
    )


def _row(row: Row, drawn: random.Random, track: Track) -> Row:
    number = int(row.id.split("-")[1])
    note = HOSTILE if row.id == HOSTILE_ROW else "Declared by the submitter."
    seen = drawn.random()
    marks: Mapping[str, OverlapMark] = {
        "rsna": "overlapping" if seen < 0.1 else "unknown" if seen < 0.2 else "clean",
        "nih-cxr": "clean",
    }
    return row.model_copy(
        update={
            "architecture": "resnet50" if number % 4 else "vit-small",
            "architecture_class": "paper" if number % 4 else "open",
            "parameters": 23_508_032 + 1000 * number,
            "network": None
            if number % 4
            else NetworkFacts(family="transformer", patch=14, gmac=4.6, native_side=518),
            "evidence": _EVIDENCE[number % 4],
            "overlaps": [Overlap(dataset=name, mark=mark, reasons=[note]) for name, mark in marks.items()],
            "frozen_only": number % 25 == 9,
            "provenance": {"Method": "simclr", "Seed": "12345", "Commit": digest(row.id)[:12], "Note": note},
            "audit": {"images compared": "1,234", "near duplicates": "0"} if number % 2 else {},
            "stale": ["The protocol's digest is no longer the one here."] if number % 20 == 11 else [],
            "cells": [_cell(cell, drawn) for cell in row.cells],
            "embeddings": _embeddings(row, track) if number % 2 else [],
        }
    )


def _embeddings(row: Row, track: Track) -> list[EmbeddingFacts]:
    """Return what an analysis of the row found: its spread goes with its scores, a little."""
    scores = [cell.summary.mean for cell in row.cells if cell.summary]
    std = 0.3 + sum(scores) / max(len(scores), 1) + random.Random(f"{row.id} std").uniform(0, 0.2)
    return [facts_of(report(row.id, std=std, track=track, dataset=name)) for name in ("rsna", "siim")]


def _cell(cell: Cell, drawn: random.Random) -> Cell:
    mean = cell.summary.mean if cell.summary else 0.3
    claim = min(1.0, mean + abs(drawn.gauss(0, 0.01)))
    epochs = list(range(0, 40, 3))
    return cell.model_copy(
        update={
            "claimed": ClaimedValue(value=claim, interval95=0.004, difference=mean - claim),
            "cost": Cost(
                runs=8,
                seconds=drawn.uniform(600, 9000),
                devices=["NVIDIA A100"],
                peak_memory_bytes=9 * 2**30,
                forward={"NVIDIA A100": 812.4},
            ),
            "curve": Curve(
                epochs=epochs,
                values=[mean * (1 - 0.7 * 0.85**epoch) + drawn.gauss(0, 0.004) for epoch in epochs],
            ),
        }
    )


def _claimed(table: Table) -> Table:
    """Return a table of claims alone: nothing in it was measured."""
    rows = [
        row.model_copy(
            update={
                "evidence": "declared",
                "cells": [
                    cell.model_copy(update={"runs": [], "cost": None, "curve": None}) for cell in row.cells
                ],
            }
        )
        for row in table.rows[:3]
    ]
    changes = {"id": "claimed-public", "kind": "claimed", "title": "Claimed results", "rows": rows}
    return table.model_copy(
        update=changes | {"analysis": None, "statement": "What submitters state.", "notes": []}
    )


def _examples(name: str, task: str, index: int) -> ExampleSet:
    boxes = task == "rsna_frozen_100"
    images = []
    for number in range(4):
        left, top = 20 + 12 * number, 30 + 9 * number
        shift = 4 * (index + 1)
        truth, found = (left, top, left + 34, top + 30), (left + shift, top + 3, left + 40, top + 36)
        images.append(
            ExampleImage(
                id=f"phantom-{number:04}",
                png=_picture(number),
                truth_boxes=[_box(truth, None)] if boxes else [],
                predicted_boxes=[_box(found, 0.9 - 0.1 * number)] if boxes else [],
                truth_mask=None if boxes else _mask(truth),
                predicted_mask=None if boxes else _mask(found),
            )
        )
    return ExampleSet(submission=name, task=task, track="phantom", run_key=digest(name), images=images)


def _box(corners: tuple[int, int, int, int], confidence: float | None) -> ExampleBox:
    x1, y1, x2, y2 = corners
    return ExampleBox(x1=x1, y1=y1, x2=x2, y2=y2, label="opacity", confidence=confidence)


@cache
def _picture(number: int) -> str:
    from PIL import Image, ImageDraw, ImageFilter

    image = Image.new("L", (128, 128), 25)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((10, 8, 118, 124), 30, fill=135)
    draw.ellipse((20, 18, 58, 112), fill=55 + 3 * number)
    draw.ellipse((70, 18, 108, 112), fill=58)
    draw.ellipse((20 + 12 * number, 30 + 9 * number, 54 + 12 * number, 60 + 9 * number), fill=170)
    return _encoded(image.filter(ImageFilter.GaussianBlur(3)))


@cache
def _mask(corners: tuple[int, int, int, int]) -> str:
    from PIL import Image, ImageDraw

    image = Image.new("1", (128, 128))
    ImageDraw.Draw(image).ellipse(corners, fill=1)
    return _encoded(image)


def _encoded(image: object) -> str:
    import base64
    import io

    from PIL.Image import Image

    assert isinstance(image, Image)
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode()
