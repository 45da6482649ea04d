"""Properties against scores on the page: what is shown, and that nothing is said of few rows."""

from __future__ import annotations

import pytest
from scipy.stats import spearmanr

from lovt_bench.benchmark.contract.embedding_report import MethodSpaces
from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.embedding_numbers import facts_of
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.show.page.details import details
from lovt_bench.leaderboard.show.page.properties import measured_on, property_sets
from lovt_bench.leaderboard.statistics.correlation import FEWEST
from tests.leaderboard.embedding_reports import local_space, report
from tests.leaderboard.records import TASKS, digest, record_set, runs

SCORES = [0.31, 0.42, 0.28, 0.55, 0.47, 0.33, 0.6, 0.39, 0.51]
STDS = [0.4, 0.5, 0.3, 0.7, 0.45, 0.6, 0.65, 0.35, 0.8]


def table(rows: int) -> Table:
    """Return a table of rows on two tasks of Dice and one of mAP, each with an analysis."""
    names = [f"row{place}" for place in range(rows)]
    records = [
        record
        for name, score in zip(names, SCORES, strict=False)
        for task, value in (
            ("covid_linear", score),
            ("covid_unet_frozen", score - 0.1),
            ("rsna_frozen_1", 0.2),
        )
        for record in runs(name, task, [value, value + 0.01])
    ]
    facts = {name: [facts_of(report(name, std=std))] for name, std in zip(names, STDS, strict=False)}
    (found,) = build(record_set(records), [], list(TASKS.values()), embeddings=facts).tables
    return found


def test_a_score_is_the_mean_over_the_tasks_of_one_metric_in_percent() -> None:
    (found,) = property_sets(table(2))
    assert found.outcomes == [("map", "mAP, RSNA YOLOv3 frozen 1 %"), ("dice", "Dice, mean of 2 tasks")]
    row = next(row for row in found.rows if row.id == "row1")
    assert row.scores == {"map": pytest.approx(20.5), "dice": pytest.approx(37.5)}
    assert row.values["image.std"] == pytest.approx(0.5)


def test_the_correlation_is_that_of_scipy_and_a_constant_has_none() -> None:
    (found,) = property_sets(table(len(SCORES)))
    of = found.of("image.rank", "dice")
    assert of is not None
    assert of.value == pytest.approx(spearmanr(STDS, SCORES).statistic)
    assert found.of("image.rank", "map") is None
    line = next(line for line in found.lines() if line[0] == "effective rank, all regions")
    assert line[1] == "—"
    assert line[2].startswith(f"{of.value:+.2f} (")
    assert line[2].endswith(f"), n = {len(SCORES)}")
    assert found.said.startswith(
        "Spearman's rank correlation over the n rows that have the property, with its 95 %"
    )


def test_a_correlation_names_the_rows_that_it_is_over() -> None:
    """Eight of nine rows know of their reports."""
    method = MethodSpaces(
        method="lovt",
        analysis_sha256=digest("analysis"),
        text_model="bert",
        learnt_weights=False,
        global_spaces={},
        local_spaces={},
        global_pairs={},
        local_pairs={},
        retrieval={},
        attention={},
    )
    names = [f"row{place}" for place in range(len(SCORES))]
    known = {
        name: method.model_copy(update={"local_spaces": {"yl_b": local_space(std)}})
        for name, std in zip(names[1:], sorted(STDS[1:]), strict=True)
    }
    ordered = dict(zip(names[1:], sorted(SCORES[1:]), strict=True)) | {names[0]: 0.1}
    records = [one for name in names for one in runs(name, "covid_linear", [ordered[name]] * 2)]
    facts = {
        name: [facts_of(report(name, std=std, method=known.get(name)))]
        for name, std in zip(names, STDS, strict=True)
    }
    (whole,) = build(record_set(records), [], list(TASKS.values()), embeddings=facts).tables
    (found,) = property_sets(whole)
    cells = {line[0]: line[1] for line in found.lines()}
    assert cells["std × √d, all sentences (reports)"] == "+1.00 (—), n = 8"
    assert cells["std × √d, all regions"].endswith(", n = 9")


def test_editions_of_one_dataset_are_two_choices() -> None:
    records = [one for name in ("a", "b", "c") for one in runs(name, "covid_linear", [0.3, 0.4])]
    edition = digest("another edition")
    facts = {
        "a": [facts_of(report("a"))],
        "b": [facts_of(report("b"))],
        "c": [facts_of(report("c", dataset_sha256=edition))],
    }
    (whole,) = build(record_set(records), [], list(TASKS.values()), embeddings=facts).tables
    choices = measured_on(property_sets(whole))
    assert len({key for key, _ in choices}) == 2
    assert [title for _, title in choices] == [
        f"24 test images of RSNA, 64 pixels, lovt-2022, data {sha[:8]}" for sha in (digest("rsna"), edition)
    ]
    assert [item["key"] for item in details(whole)["properties"]] == [key for key, _ in choices]


def test_of_few_rows_it_is_said_that_nothing_can_be_said() -> None:
    (found,) = property_sets(table(FEWEST - 1))
    assert found.lines() == []
    assert found.said.startswith(f"{FEWEST - 1} rows: from fewer than {FEWEST} nothing can be said")


def test_a_board_without_analyses_has_nothing_of_them() -> None:
    (plain,) = build(record_set(runs("mine", "covid_linear", [0.3])), [], list(TASKS.values())).tables
    assert property_sets(plain) == []
    found = details(plain)
    assert "properties" not in found


def test_published_models_stand_by_their_published_scores() -> None:
    board = build(record_set([]), load_published(), list(TASKS.values()))
    (found,) = property_sets(board.table("published-lovt-2022"))
    scores = {row.name: row.scores for row in found.rows}
    # pretraining.md section 2 has the ablations, on task 5 alone.
    assert scores["LoVT (30 %)"] == {"map": pytest.approx(17.9)}
    assert scores["no global loss"] == {"map": pytest.approx(12.3)}
    assert len(scores) == 6
    assert found.lines() == []
