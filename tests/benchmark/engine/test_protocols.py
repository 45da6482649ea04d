"""Corrected protocols through the engine: both ways equal, grids that go on, metrics beside, stores of their own."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.contract.declared_facts import IMAGENET
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.forecast.tasks import forecast_tasks
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.benchmark.engine.plan.jobs import plan_jobs
from lovt_bench.benchmark.engine.plan.task_plan import TaskPlan
from lovt_bench.benchmark.engine.record.rescore import Stores, rescore
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.contradictions import Origin, contradictions
from lovt_bench.leaderboard.board.records import read_records
from lovt_bench.leaderboard.board.run_rules import RunPlan
from lovt_bench.tasks.metric import metric_names
from lovt_bench.tasks.profile import apply_profile
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import TINY, TinySource, narrow_heads, tiny_store

PROFILE = TINY.model_copy(update={"max_learning_rates": {"linear": 2, "yolov3": 1}})


def evaluation(root, name="lovt-2026", task="covid_linear", **changes):
    spec = load_task(task)
    made = Evaluation(
        source=TinySource(),
        specs=[spec],
        stores={spec.dataset: tiny_store(root, spec.dataset, protocol=name)},
        protocol=load_protocol(name),
        profile=PROFILE,
        workspace=root,
        device=torch.device("cpu"),
    )
    return dataclasses.replace(made, **changes)


def run_plan(made):
    protocol, profile = made.protocol, made.profile
    return RunPlan(
        protocol=protocol.name,
        profile=profile.name,
        protocol_sha256=protocol.digest(),
        profile_sha256=profile.digest(),
        tune_seed=protocol.runs.tune_seed,
        final_seeds=protocol.runs.final_seeds[: profile.max_runs],
        grid_steps=protocol.runs.grid_steps,
        tasks={spec.id: apply_profile(spec, profile) for spec in made.specs},
    )


@pytest.mark.parametrize(
    ("name", "task"),
    [("lovt-2026", "covid_linear"), ("lovt-2026", "rsna_frozen_1"), ("lovt-2026-448", "covid_linear")],
)
def test_both_engines_agree_and_predictions_give_every_metric(tmp_path, monkeypatch, name, task):
    narrow_heads(monkeypatch)
    made = evaluation(tmp_path, name, task)
    (fast,) = evaluate(made)
    (reference,) = evaluate(dataclasses.replace(made, engine="reference"))
    assert fast.learning_rate == reference.learning_rate
    for one, other in zip(fast.records, reference.records, strict=True):
        wanted = metric_names(made.specs[0], made.protocol.metrics.beside)
        assert set(one.test) == set(other.test) <= set(wanted)
        assert set(wanted) - set(metric_names(made.specs[0])) & set(one.test)
        assert one.test == pytest.approx(other.test, abs=2e-2)
        assert one.test[one.metric] == pytest.approx(other.test[one.metric], abs=2e-3)
    again = list(
        rescore(
            read_records(tmp_path / "results").records,
            tmp_path / "results",
            Stores(tmp_path / "data", lambda name: PROFILE),
        )
    )
    assert [(item.outcome, item.text) for item in again] == [("equal", "")] * 4


def test_counts_without_masks_are_rescored_but_for_the_contours(tmp_path):
    evaluate(evaluation(tmp_path, masks=False))
    records = [one for one in read_records(tmp_path / "results").records if one.run.phase == "final"]
    again = list(rescore(records, tmp_path / "results", Stores(tmp_path / "data", lambda name: PROFILE)))
    assert [item.outcome for item in again] == ["equal", "equal"]
    assert "opacity_surface_dice" in records[0].test
    assert {item.metrics for item in again} == {len(records[0].test) - 1}


def test_a_grid_goes_on_and_the_board_finds_nothing_to_contradict(tmp_path):
    made = evaluation(tmp_path)
    jobs = plan_jobs([plan := TaskPlan(made, made.specs[0])])
    assert [job.payload.step for job in jobs if job.payload.kind == "wider"] == [1, 2, 3]
    (expected,) = forecast_tasks([plan], jobs)
    assert (expected.runs, expected.wider_runs) == (2 + 3 + 2, 3)
    assert 0 < expected.wider_seconds < expected.seconds
    (result,) = evaluate(made)
    records = read_records(tmp_path / "results")
    rates = [one.run.learning_rate for one in records.records if one.run.phase == "tune"]
    grid = plan.spec.learning_rates
    assert set(grid) < set(rates), "of a grid of two rates one always is at an end"
    assert sorted(rates) == sorted(plan.tried(plan.records())[0])
    assert plan_jobs([TaskPlan(made, made.specs[0])]) == []
    assert result.learning_rate is not None
    assert {one.grid_edge for one in result.records} == {plan.grid_edge(plan.finals(result.learning_rate)[0])}
    found = contradictions(records, [run_plan(made)], {"tiny": Origin(known=True)}, datetime.now(UTC))
    assert found == []
    narrow = run_plan(made).model_copy(update={"grid_steps": 0})
    assert contradictions(records, [narrow], {"tiny": Origin(known=True)}, datetime.now(UTC))


def test_a_cut_off_tuning_goes_on_with_the_step_that_is_left(tmp_path):
    made = evaluation(tmp_path)
    plan = TaskPlan(made, made.specs[0])
    evaluate(made)
    lines = plan.path.read_text().splitlines(keepends=True)
    plan.path.write_text("".join(lines[:2]))
    left = [
        job.payload.step for job in plan_jobs([TaskPlan(made, made.specs[0])]) if job.payload.kind == "wider"
    ]
    assert left == [1, 2, 3]
    before = {one.key: one.validation for one in read_records(tmp_path / "results").records}
    (result,) = evaluate(made)
    assert result.status == "done"
    assert (
        before.items()
        <= {one.key: one.validation for one in read_records(tmp_path / "results").records}.items()
    )


def test_the_published_protocol_gives_no_metric_more_and_no_step_beyond(tmp_path):
    made = evaluation(tmp_path, "lovt-2022")
    (result,) = evaluate(made)
    assert set(result.records[0].test) == set(metric_names(made.specs[0]))
    tuned = [one for one in read_records(tmp_path / "results").records if one.run.phase == "tune"]
    assert len(tuned) == 2
    assert not any(
        "normalisation" in line for line in TaskPlan(made, made.specs[0]).path.read_text().splitlines()
    )


def test_protocols_share_no_table_and_a_store_of_another_is_refused(tmp_path):
    for name in ("lovt-2022", "lovt-2026"):
        evaluate(evaluation(tmp_path, name))
    records = read_records(tmp_path / "results")
    board = build(records, [], [load_task("covid_linear")])
    assert sorted(table.protocol for table in board.tables) == ["lovt-2022", "lovt-2026"]
    extra = {table.protocol: set(table.rows[0].cells[0].extra) for table in board.tables}
    assert "opacity_image_dice" in extra["lovt-2026"] - extra["lovt-2022"]
    made = evaluation(tmp_path)
    other = {"covid-rural": tiny_store(tmp_path, "covid-rural")}
    with pytest.raises(ValueError, match="prepared by the data entries of protocol lovt-2022, not by"):
        evaluate(dataclasses.replace(made, stores=other))


def test_the_twin_normalises_as_the_backbone_declares(tmp_path):
    source = TinySource(normalisation=IMAGENET)
    made = evaluation(tmp_path, "lovt-2026-448", source=source)
    plan = TaskPlan(made, made.specs[0])
    image = plan.data.images["train"].image(torch.arange(2)).numpy()
    assert image.shape == (2, 3, 128, 128), "the profile's 64 of 224 pixels are 128 of 448"
    pixels = made.stores["covid-rural"].images[:2].copy()
    small = torch.nn.functional.interpolate(
        torch.from_numpy(pixels)[:, None].float(), (128, 128), mode="bilinear", antialias=True
    )[:, 0].round().numpy()  # fmt: skip
    for channel, (mean, std) in enumerate(zip(IMAGENET.mean, IMAGENET.std, strict=True)):
        assert image[:, channel] == pytest.approx((small / 255 - mean) / std, abs=1e-5)
    plain = TaskPlan(dataclasses.replace(made, source=TinySource()), made.specs[0])
    assert np.allclose(plain.data.images["train"].image(torch.arange(2)).std(), 1, atol=0.5)
    config = plan.tuning()[0]
    assert plan.key(config) != plain.key(config), "another normalisation is another run"
    assert plan.data.cache(0).folder != plain.data.cache(0).folder
    published = evaluation(tmp_path, "lovt-2026", source=source)
    assert TaskPlan(published, made.specs[0]).key(config).normalisation_sha256 is None
