"""A budget: what it says of time, in which order tasks begin, and which are left."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from lovt_bench.benchmark.engine.budget import Budget, useful_order
from lovt_bench.benchmark.engine.durations import parse_duration
from lovt_bench.benchmark.engine.evaluate import Evaluation, evaluate
from lovt_bench.tasks.profile import kind_of
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import TINY, TinySource, tiny_store
from tests.tasks.lovt_18 import LOVT_18


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2h", 7200), ("90m", 5400), ("1h30m", 5400), (" 1H 30min ", 5400), ("45s", 45), ("1h1m1s", 3661)],
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "0h", "-1h", "1.5h", "2h 2h", "30m1h", "1d", "9999999h"])
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="such as 2h, 90m or 1h30m"):
        parse_duration(text)


def test_each_dataset_and_head_comes_before_a_second_task_of_the_same():
    specs = LOVT_18
    order = useful_order(specs, {spec.id: float(100 - spec.number) for spec in specs})
    pairs = [(spec.dataset, kind_of(spec)) for spec in order]
    kinds = len(set(pairs))
    assert len(set(pairs[:kinds])) == kinds
    assert sorted(spec.number for spec in order) == [spec.number for spec in specs]
    for part in (order[:kinds], order[kinds:]):
        assert [spec.number for spec in part] == sorted((spec.number for spec in part), reverse=True)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_task_begins_only_if_it_fits_and_a_smaller_one_after_it_still_may(clock):
    budget = Budget(100, {"a": 60, "b": 50, "c": 30}, clock=clock)
    assert budget.admits("a")
    clock.now += 60
    budget.worked(60)
    assert not budget.admits("b")
    assert budget.admits("c")
    assert not budget.admits("b"), "decided once"
    assert budget.admits("a"), "one that has begun is finished"


@pytest.mark.parametrize(("elapsed", "admitted"), [(20, True), (60, False)], ids=["faster", "slower"])
def test_the_pace_so_far_corrects_the_prediction(clock, elapsed, admitted):
    """40 predicted seconds took `elapsed`: another 60 take 1.5 times that."""
    budget = Budget(100, {"a": 40, "b": 60}, clock=clock)
    assert budget.admits("a")
    clock.now += elapsed
    budget.worked(40)
    assert budget.admits("b") == admitted


def test_several_workers_do_more_in_the_same_time(clock):
    for workers, fits in ((1, False), (2, True)):
        budget = Budget(100, {"a": 90, "b": 90}, workers=workers, clock=clock)
        assert budget.admits("a")
        assert budget.admits("b") == fits


def test_tasks_that_do_not_fit_are_left_whole_and_their_features_too(tmp_path):
    specs = [load_task("covid_linear"), load_task("rsna_seg_linear_1")]
    evaluation = Evaluation(
        source=TinySource(),
        specs=specs,
        stores={spec.dataset: tiny_store(tmp_path, spec.dataset) for spec in specs},
        protocol=load_protocol("lovt-2022"),
        profile=TINY,
        workspace=tmp_path,
        device=torch.device("cpu"),
    )
    results = evaluate(evaluation, budget=Budget(3600, {"covid_linear": 1, "rsna_seg_linear_1": 1e6}))
    assert [result.status for result in results] == ["done", "left"]
    assert {path.name[:4] for path in (tmp_path / "features").iterdir()} == {"covi"}
    (left,) = evaluate(dataclasses.replace(evaluation, specs=specs[1:]))
    assert left.status == "done"
