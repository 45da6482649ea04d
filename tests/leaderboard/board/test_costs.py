"""What a cell took and how it went: every run counts once, and only for its own cell."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.contract.leaderboard import Cell, Cost
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.costs import curve
from lovt_bench.leaderboard.board.descriptions import BackboneFacts, Description
from tests.benchmark.contract.made import made_with
from tests.leaderboard.records import TASKS, digest, record, record_set, runs


def cell_of(records: list, task: str = "covid_linear") -> Cell:
    (table,) = build(record_set(records), [], tuple(TASKS.values())).tables
    cell = table.rows[0].cell(task)
    assert cell
    return cell


def test_tuning_counts_and_neighbours_do_not() -> None:
    own = runs("a", "covid_linear", [0.3, 0.4], seconds=10, peak_memory_bytes=5)
    tuning = [
        record("a", "covid_linear", 0.2, phase="tune", learning_rate=rate, seconds=100, peak_memory_bytes=9)
        for rate in (0.1, 0.01)
    ]
    others = [
        record("a", "nih_seg_linear", 0.2, phase="tune", seconds=1e6),
        record("b", "covid_linear", 0.1, phase="tune", seconds=1e6),
        record("a", "covid_linear", 0.2, engine="reference", seconds=1e6),
        record("a", "covid_linear", 0.2, phase="tune", backbone_sha256=digest("another"), seconds=1e6),
        record("a", "covid_linear", 0.2, phase="tune", dataset_sha256=digest("another"), seconds=1e6),
        record("a", "covid_linear", 0.2, phase="tune", normalisation_sha256=digest("half"), seconds=1e6),
    ]
    assert cell_of([*own, *tuning, *others]).cost == Cost(
        runs=4, seconds=220, devices=["cpu"], peak_memory_bytes=9
    )


def test_energy_of_some_runs_is_not_the_energy() -> None:
    known = runs("a", "covid_linear", [0.3, 0.4], energy_joules=50)
    cost = cell_of(known).cost
    assert cost
    assert cost.energy_joules == 100
    without = cell_of([*known, record("a", "covid_linear", 0.1, phase="tune")]).cost
    assert without
    assert without.energy_joules is None


def test_the_bare_forward_is_the_median_of_what_runs_measured_on_one_device() -> None:
    """Nobody's word and no mean over machines: 8 images a second here and 3,000 there are two facts."""
    measured = [
        made_with(forward_images_per_second=speed, threads=threads)
        for speed, threads in ((8, 2), (9, 2), (30, 2), (50, 4))
    ]
    silent = record("a", "covid_linear", 0.1, phase="tune", made_with=made_with())
    found = [record("a", "covid_linear", 0.3, seed=seed, made_with=one) for seed, one in enumerate(measured)]
    cost = cell_of([*found, silent]).cost
    assert cost
    assert cost.forward == {"AMD EPYC 7763, threads: 2": 9, "AMD EPYC 7763, threads: 4": 50}


def history(*monitors: float | None) -> list[dict[str, object]]:
    return [{"epoch": index, "monitor": value, "learning_rate": 0.1} for index, value in enumerate(monitors)]


def test_a_curve_is_the_mean_of_the_runs_that_still_train() -> None:
    found = cell_of(
        [
            record("a", "covid_linear", 0.3, seed=1, history=history(0.1, 0.2, 0.6)),
            record("a", "covid_linear", 0.3, seed=2, history=history(0.3, None)),
        ]
    ).curve
    assert found
    assert found.epochs == [0, 1, 2]
    assert found.values == pytest.approx([0.2, 0.2, 0.6])
    assert cell_of(runs("a", "covid_linear", [0.3])).curve is None


@pytest.mark.parametrize("length", [1, 24, 25, 100, 1001])
def test_a_long_curve_keeps_its_ends(length: int) -> None:
    found = curve([record(history=history(*[index / length for index in range(length)]))])
    assert found
    assert (found.epochs[0], found.epochs[-1]) == (0, length - 1)
    assert len(found.epochs) == len(set(found.epochs)) == min(24, length)


def test_facts_of_other_weights_are_not_told() -> None:
    """The folder may hold weights that were trained after these runs."""
    facts = BackboneFacts(
        sha256=digest("a"), architecture="resnet18", parameters=7, made_by="board", provenance={"Seed": "3"}
    )
    described = {"a": Description(display_name="A", method="A", backbone=facts)}
    rows = {}
    for backbone in ("a", "older"):
        records = runs("a", "covid_linear", [0.3], backbone_sha256=digest(backbone), measured_by="board")
        board = build(record_set(records), [], tuple(TASKS.values()), described, keeper="board")
        rows[backbone] = board.tables[0].rows[0]
    assert (rows["a"].architecture, rows["a"].architecture_class, rows["a"].parameters) == (
        "resnet18",
        "open",
        7,
    )
    assert (rows["a"].evidence, rows["a"].provenance) == ("retrained", {"Seed": "3"})
    assert (rows["older"].architecture, rows["older"].parameters, rows["older"].provenance) == (
        None,
        None,
        {},
    )
    assert rows["older"].evidence == "reproduced"
