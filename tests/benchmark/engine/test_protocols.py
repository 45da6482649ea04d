"""Corrected protocols through the engine: both ways equal, grids that go on, metrics beside, stores of their own."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.contract.declared_facts import IMAGENET
from lovt_bench.benchmark.engine import worker
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.forecast.tasks import forecast_tasks
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.benchmark.engine.plan.jobs import plan_jobs
from lovt_bench.benchmark.engine.plan.observer import Observer
from lovt_bench.benchmark.engine.plan.task_plan import TaskPlan
from lovt_bench.benchmark.engine.record.recording import make_record
from lovt_bench.benchmark.engine.record.rescore import Stores, rescore
from lovt_bench.benchmark.engine.worker import Worker
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.contradictions import Origin, contradictions
from lovt_bench.leaderboard.board.records import read_records
from lovt_bench.leaderboard.releases.committed import as_committed
from lovt_bench.leaderboard.releases.predictions import append_predictions, committed_predictions
from lovt_bench.leaderboard.run_plans import run_plan
from lovt_bench.tasks.metric import metric_names
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from lovt_bench.tasks.tuning import step_beyond
from tests.benchmark.contract.made import made_with
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
    asked = run_plan(made.protocol, made.profile, made.specs)
    assert contradictions(records, [asked], {"tiny": Origin(known=True)}, datetime.now(UTC)) == []
    narrow = asked.model_copy(update={"grid_steps": 0})
    assert contradictions(records, [narrow], {"tiny": Origin(known=True)}, datetime.now(UTC))


class _Counting(Observer):
    def __init__(self):
        self.runs = self.finished = 0

    def start(self, total_cost, runs):
        self.runs = runs

    def runs_spared(self, runs):
        self.runs -= runs

    def run_finished(self, spec, config, record):
        self.finished += 1


def scored(monkeypatch, score):
    """Let tuning runs reach what a function of their learning rate says; None: they diverge."""

    def made(plan, config, outcome, usage):
        record = make_record(plan, config, outcome, usage)
        value = score(config.learning_rate)
        if config.phase == "final":
            return record
        if value is None:
            return record.model_copy(update={"status": "diverged", "validation": {}})
        return record.model_copy(update={"validation": {**record.validation, record.monitor: value}})

    monkeypatch.setattr(worker, "make_record", made)


def keep_lines(plan, count):
    lines = plan.path.read_text().splitlines(keepends=True)
    plan.path.write_text("".join(lines[:count]))


def steps_of(made):
    jobs = plan_jobs([TaskPlan(made, made.specs[0])])
    return {job.payload.step: job for job in jobs if job.payload.kind == "wider"}


def test_steps_that_are_not_taken_are_no_runs_to_do(tmp_path, monkeypatch):
    made = evaluation(tmp_path)
    grid = TaskPlan(made, made.specs[0]).spec.learning_rates
    scored(monkeypatch, lambda rate: {max(grid): 0.5, step_beyond(max(grid), "highest"): 0.4}.get(rate, 0.1))
    evaluate(made, observer := _Counting())
    assert observer.runs == observer.finished == 2 + 1 + 2


def test_a_tuning_cut_off_after_its_first_step_goes_on_with_the_second(tmp_path, monkeypatch):
    made = evaluation(tmp_path)
    plan = TaskPlan(made, made.specs[0])
    scored(monkeypatch, lambda rate: rate / 100)
    planned = steps_of(made)
    (result,) = evaluate(made)
    rates = plan.tried(plan.records())[0]
    assert (len(rates), result.learning_rate) == (2 + 3, max(rates)), "always better beyond"
    keep_lines(plan, 3)
    left = steps_of(made)
    assert list(left) == [2, 3]
    assert {step: job.claim for step, job in planned.items() if step > 1} == {
        step: job.claim for step, job in left.items()
    }, "a plan of before and one of after claim the same work"
    before = plan.path.read_bytes()
    Worker()(planned[1].payload, lambda event: None)
    assert plan.path.read_bytes() == before, "who waited for the first step does not take the second"
    Worker()(left[3].payload, lambda event: None)
    assert plan.path.read_bytes() == before, "nor the third before the second"
    Worker()(left[2].payload, lambda event: None)
    assert plan.path.read_bytes().startswith(before)
    assert list(steps_of(made)) == [3]


def test_a_grid_goes_on_beyond_a_diverged_end_only_where_the_best_rate_is_an_end(tmp_path, monkeypatch):
    made = evaluation(tmp_path)
    plan = TaskPlan(made, made.specs[0])
    low, high = sorted(plan.spec.learning_rates)
    scored(monkeypatch, lambda rate: {high: None, low: 0.5}.get(rate))
    (result,) = evaluate(made)
    assert plan.tried(plan.records())[0] == [*plan.spec.learning_rates, step_beyond(low, "lowest")]
    assert result.learning_rate == low, "the step diverged, too"


def test_a_grid_that_is_to_go_on_is_not_whole_on_another_device(tmp_path):
    """Else this device would add the step, and neither could finish the cell."""
    made = evaluation(tmp_path)
    plan = TaskPlan(made, made.specs[0])
    evaluate(made)
    gpu = {"device": "NVIDIA A100", "made_with": made_with("NVIDIA A100", steps=4)}
    records = {key: record.model_copy(update=gpu) for key, record in plan.records().items()}
    grid = dict(list(records.items())[:2])
    assert plan.tried(grid)[1] is not None
    assert "recorded are 2 from cuda" in (plan.mixture(grid) or "")
    assert plan.mixture(records) is None
    diverged = {
        key: record.model_copy(update={"status": "diverged", "validation": {}})
        for key, record in grid.items()
    }
    assert plan.mixture(diverged) is None, "nothing is left to add"


def test_committed_counts_are_rescored_but_for_the_contours(tmp_path):
    """A release keeps masks as counts, while its records say that there were masks."""
    evaluate(evaluation(tmp_path))
    results, folder = tmp_path / "results", tmp_path / "committed"
    records = as_committed(read_records(results))
    known = append_predictions(records, results, folder, {})
    assert len(known) == 2
    committed = committed_predictions(records, folder, known)
    stores = Stores(tmp_path / "data", lambda name: PROFILE)
    again = list(rescore(records.records, tmp_path / "elsewhere", stores, committed))
    assert [(item.outcome, item.text) for item in again] == [("equal", "")] * 2
    assert {item.metrics for item in again} == {len(again[0].record.test) - 1}
    assert "opacity_surface_dice" in again[0].record.test


def test_a_cut_off_tuning_goes_on_with_the_step_that_is_left(tmp_path):
    made = evaluation(tmp_path)
    plan = TaskPlan(made, made.specs[0])
    evaluate(made)
    keep_lines(plan, 2)
    assert list(steps_of(made)) == [1, 2, 3]
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
    evaluate(made)
    declared = Origin(known=True, normalisations=frozenset({IMAGENET.digest()}))
    asked = [run_plan(made.protocol, made.profile, made.specs)]
    assert (
        contradictions(read_records(tmp_path / "results"), asked, {"tiny": declared}, datetime.now(UTC)) == []
    )
    published = evaluation(tmp_path, "lovt-2026", source=source)
    assert TaskPlan(published, made.specs[0]).key(config).normalisation_sha256 is None
