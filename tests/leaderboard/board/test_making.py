"""What made a cell, and what came mixed from elsewhere, in every rendering; nothing where there is nothing to say."""

from __future__ import annotations

import json

import pytest

from lovt_bench.benchmark.contract.leaderboard import Leaderboard
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.contradictions import contradictions
from lovt_bench.leaderboard.show.rendering import render
from lovt_bench.leaderboard.show.terminal import render as render_in_terminal
from tests.benchmark.contract.made import made_with
from tests.leaderboard.board.test_contradictions import NOW
from tests.leaderboard.records import TASKS, record, record_set, runs

TASK = "covid_linear"
GPU = "NVIDIA A100"
SHOWN = ("leaderboard.md", "leaderboard.tex", "index.html", "data.js")
EDGE, MIXED = ("‡", r"\textdaggerdbl"), ("§", r"\textsection")


def board(*records) -> Leaderboard:
    return build(record_set(records), [], tuple(TASKS.values()))


def shown(made: Leaderboard, signs: tuple[str, str]) -> set[str]:
    """Return where one of the signs stands."""
    texts = {name: render(made)[name].decode() for name in SHOWN}
    texts["terminal"] = "".join(
        str(getattr(part, "plain", "")) for part in render_in_terminal(made.tables[0], 100, plain=True)
    )
    return {
        name
        for name, text in texts.items()
        if any(sign in text or json.dumps(sign)[1:-1] in text for sign in signs)
    }


@pytest.mark.parametrize(("edge", "places"), [("lowest", {*SHOWN, "terminal"}), (None, set())])
def test_a_learning_rate_at_the_edge_is_marked_wherever_numbers_stand(edge, places):
    made = board(*runs("mine", TASK, [0.2, 0.3], grid_edge=edge))
    assert made.tables[0].rows[0].cells[0].grid_edge == edge
    assert shown(made, EDGE) == places
    assert shown(made, MIXED) == set()


def test_runs_of_two_kinds_of_device_are_marked_and_said_in_the_json_tuning_included():
    tune = record("mine", TASK, phase="tune", device=GPU, precision="float16-mixed", test={})
    made = board(tune, *runs("mine", TASK, [0.2, 0.3]))
    cell = made.tables[0].rows[0].cells[0]
    assert cell.mixed == [
        "Its runs were made on cpu and cuda.",
        "Its runs were made in float16-mixed and float32.",
    ]
    assert shown(made, MIXED) == {*SHOWN, "terminal"}
    found = contradictions(record_set([tune, *runs("mine", TASK, [0.2, 0.3])]), [], {}, NOW)
    assert any("kind of device" in item.text for item in found)


def test_runs_of_other_threads_and_libraries_are_one_kind_and_all_are_named():
    one = record("mine", TASK, seed=1, made_with=made_with(threads=1, torch="2.9.0"))
    two = record("mine", TASK, seed=2, made_with=made_with(threads=16, instruction_set="AVX512"))
    cell = board(one, two).tables[0].rows[0].cells[0]
    assert cell.mixed == []
    assert cell.made_with["Threads"] == ["1", "16"]
    assert cell.made_with["Instruction set"] == ["AVX2", "AVX512"]
    assert cell.made_with["Torch"] == ["2.14.1+cu130", "2.9.0"]


def test_a_cell_of_schema_1_says_nothing_of_it():
    text = board(*runs("mine", TASK, [0.2], schema_version=1)).to_json()
    assert not {"grid_edge", "mixed", "made_with"} & set(json.loads(text)["tables"][0]["rows"][0]["cells"][0])
