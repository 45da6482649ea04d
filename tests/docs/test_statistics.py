"""docs/statistics.md lists every sentence of the board with what it is a sentence about."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest

from lovt_bench.benchmark.contract.analysis import Analysis
from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.benchmark.contract.replication import ReplicatedCell, Replication
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.methods import method_table
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.board.replication import sentence, sentences
from lovt_bench.leaderboard.releases.canaries import judge
from lovt_bench.leaderboard.show.comparison import summary
from lovt_bench.leaderboard.show.why import WhyTask, image_sentence
from lovt_bench.leaderboard.statistics import difference_words
from lovt_bench.leaderboard.statistics.analyse import analyse
from lovt_bench.leaderboard.statistics.difference import TaskDifference
from lovt_bench.leaderboard.statistics.pairs import compare
from lovt_bench.leaderboard.statistics.statements import SCOPE, SCOPE_OF_METHODS
from tests.conftest import REPOSITORY
from tests.leaderboard.board.test_methods import checkpoints
from tests.leaderboard.records import TASKS, record_set, runs
from tests.leaderboard.releases.test_canaries import SOUND
from tests.leaderboard.releases.test_canaries import board as controls
from tests.leaderboard.statistics.tables import table
from tests.leaderboard.synthetic_board import synthetic_records

PAGE = (REPOSITORY / "docs" / "statistics.md").read_text(encoding="utf-8")

ELSEWHERE = (
    "leaderboard/show/page/assets/compare.js",
    "benchmark/cli/leaderboard_twin.py",
    "leaderboard/show/page/properties.py",
)
"""Sources of the sentences that no function returns; their words are looked up."""

ASIDES = (
    "only distinct runs enter tests and draws of ranks",
    "Nothing follows for other tasks, images or datasets",
    "Other threads or instruction sets move a run as far as another seed does, linear heads hardly",
    "these differ by no more than that",
    "these differ more than that on task(s) n",
)
"""Clauses beside a sentence, of no estimand."""

MISPLACED = {"random": 0.6, "constant": 0.55, "ceiling": 0.15, "shuffled": 0.55, "swapped": 0.53}
AHEAD = {"a": (0.502, 0.502, 0.2), "b": (0.5, 0.5, 0.6), "c": (0.4, 0.4, 0.1), "d": (0.3, 0.3, 0.15)}
"""Row b is better than a by scaled scores, and below it by ranks."""


def listed() -> list[str]:
    """Return the sentences of the page: single capitals, ROW and … stand for anything, k, m and n for numbers."""
    rows = PAGE.split("| sentence of the board | estimand | test |\n")[1].split("\n\n")[0].splitlines()[1:]
    return [text for row in rows for text in re.findall(r"\*([^*]+)\*", row.strip("|").split(" | ")[0])]


def pattern(clause: str) -> re.Pattern[str]:
    words = re.escape(clause).replace("…", ".*")
    words = re.sub(r"\b[kmn]\b", r"[\\d.,]+(?:, [\\d]+)*", words)
    return re.compile(re.sub(r"\b(?:[A-Z]|ROW)\b", "[^.;:]+", words))


def clauses(said: str) -> list[str]:
    """Return the clauses of a sentence without what stands in parentheses: tests, lists of tasks, figures."""
    whole = re.sub(r" \((?:[^()]|\(\w+\))*\)", "", said).rstrip(".")
    return re.split(r"; |\. |, (?=and by its scaled scores)", whole)


def unlisted(said: Sequence[str]) -> list[str]:
    known = [pattern(text) for text in (*listed(), *ASIDES)]
    return [part for each in said for part in clauses(each) if not any(one.fullmatch(part) for one in known)]


def tables() -> list[Table]:
    records = [
        *synthetic_records(12),
        *runs("m-000", "object_frozen_100", [0.3, 0.3, 0.4], profile="small"),
        *runs("m-001", "object_frozen_100", [0.2, 0.3, 0.4], profile="small"),
    ]
    board = build(record_set(records), load_published(), list(TASKS.values()))
    draw = np.random.default_rng(2).normal
    three = list(TASKS)[:3]
    return [
        *board.tables,
        method_table(checkpoints(0.02)),
        table({row: {"covid_linear": [0.0, 0.0]} for row in "ab"}),
        table({row: {task: draw(0.5, 0.1, 5).tolist() for task in three} for row in "abc"}),
        table({row: dict(zip(three, [draw(0.5, 0.1, 5).tolist()] * 3, strict=True)) for row in "abc"}),
        table(
            {
                row: {task: draw(mean, 0.0001, 5).tolist() for task, mean in zip(three, means, strict=True)}
                for row, means in AHEAD.items()
            }
        ),
    ]


def difference(task: str, value: float, p: float) -> TaskDifference:
    return TaskDifference(task, (0.5, 0.6), (0.4, 0.5), value, 0.1, p, None, p, "", np.array([value, value]))


def of_why() -> list[str]:
    found = [difference("covid_linear", 0.1, 0.01), difference("nih_seg_linear", -0.1, 0.5)]
    datasets = {"covid_linear": "covid-rural", "nih_seg_linear": "nih-cxr"}
    both = difference_words.sentences(found, ("lovt", "simclr"), datasets)
    neither = difference_words.sentences(found, ("lovt", "simclr"), dict.fromkeys(datasets, "nih-cxr"))
    images = image_sentence(WhyTask(found[0], "Linear", "covid-rural", "Dice", ()), ("lovt", "simclr"))
    return [images, *(one for one in [*both, *neither] if one != difference_words.SCOPE)]


def of_replication() -> list[str]:
    cell = ReplicatedCell(
        row="random", task="covid_linear", published=0.5, margin=0.1, runs=5, mean=0.5, half_width=0.01,
        verdict="equivalent",
    )  # fmt: skip
    found = Replication(
        protocol="lovt-2022", published="p", table="t", slack=0.02, rows=["random"], tasks=["covid_linear"],
        cells=[cell],
    )  # fmt: skip
    return [sentence("lovt-2022", found), sentence("lovt-2022", found.model_copy(update={"cells": []}))]


@pytest.fixture(scope="module")
def said() -> list[str]:
    found = [*of_why(), *of_replication()]
    for each in tables():
        analysis = each.analysis or analyse(each)
        assert isinstance(analysis, Analysis)
        first, second = (row.id for row in each.rows[:2])
        found += [*analysis.statements, *summary(each, compare(each, first, second), first, second)]
    for levels in (SOUND, SOUND | MISPLACED):
        board = controls(levels)
        found += [*sentences(board), *(item.text for item in judge(board))]
    return [one for one in found if one not in (SCOPE, SCOPE_OF_METHODS)]


def test_every_sentence_is_listed(said: list[str]) -> None:
    assert unlisted(said) == []


def test_every_line_of_the_page_is_said(said: list[str]) -> None:
    parts = [part for each in said for part in clauses(each)]
    texts = [(REPOSITORY / name).read_text(encoding="utf-8") for name in ELSEWHERE]
    unmet = [text for text in listed() if not any(map(pattern(text).fullmatch, parts))]
    assert len(unmet) == len(ELSEWHERE) + 1
    for text in unmet:
        fixed = [word for part in re.split(r"\b(?:[A-Zkmn]|ROW)\b|…", text) if (word := part.strip())]
        assert any(all(word in source for word in fixed) for source in texts), text


def test_every_line_has_an_estimand() -> None:
    rows = PAGE.split("| sentence of the board | estimand | test |\n")[1].split("\n\n")[0].splitlines()[1:]
    about = {re.split(r"[^a-z]", row.strip("|").split(" | ")[1].strip())[0] for row in rows}
    assert about == {"a", "b", "c", "none", "another"}


@pytest.mark.parametrize(
    "new",
    [
        "Method X generalises to other hospitals: its difference is within chance.",
        "RSNA row is below all others in the world.",
        "A has the best mean rank on these tasks and on all other datasets.",
        "m-000 is best on 3 of 18 tasks; so it is on others.",
    ],
)
def test_a_new_sentence_is_not_listed(new: str) -> None:
    assert unlisted([new])
