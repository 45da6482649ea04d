"""Records that contradict themselves: what `evaluate` writes passes every rule, one change of it does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.contradictions import Contradiction, Origin, contradictions
from lovt_bench.leaderboard.board.run_rules import RunPlan
from lovt_bench.tasks.tuning import grid_edge
from tests.leaderboard.records import TASKS, digest, record, record_set, runs

NOW = datetime(2026, 1, 3, tzinfo=UTC)
TASK = "covid_linear"
SPEC = TASKS[TASK].model_copy(update={"learning_rates": [0.1, 0.01], "max_epochs": 3})
PLAN = RunPlan(
    protocol="lovt-2022",
    profile="demo",
    protocol_sha256=digest("lovt-2022"),
    profile_sha256=digest("demo"),
    tune_seed=12345,
    final_seeds=[12345, 12346],
    tasks={TASK: SPEC},
)


def logs(*monitored: float) -> list[dict[str, Any]]:
    """Return a history of these values, each with a loss of its own."""
    return [
        {"epoch": epoch, "train_loss": 1 / (2 + epoch + value), "monitor": value, "learning_rate": 0.01}
        for epoch, value in enumerate(monitored)
    ]


def run(submission: str = "mine", value: float | None = 0.3, **changes: Any) -> RunRecord:
    """Return one run of the two epochs that a history says, the second of them best."""
    course = {"history": logs(0.1, value), "best_epoch": 1, "epochs": 2} if value else {"best_epoch": None}
    edge: dict[str, Any] = {}
    if changes.get("phase") != "tune":
        edge = {"grid_edge": grid_edge(changes.get("learning_rate", 0.01), SPEC.learning_rates)}
    return record(submission, TASK, value, **{"task_sha256": SPEC.digest(), **course, **edge, **changes})


def tuning(
    submission: str = "mine", scores: tuple[float | None, float | None] = (0.2, 0.25)
) -> list[RunRecord]:
    return [
        run(submission, score, phase="tune", learning_rate=rate, test={})
        for rate, score in zip(SPEC.learning_rates, scores, strict=True)
    ]


def finals(submission: str = "mine", **changes: Any) -> list[RunRecord]:
    values = [(0.3, 12345), (0.31, 12346)]
    return [run(submission, value, seed=seed, **changes) for value, seed in values]


def found(records: list[RunRecord], origins: dict[str, Origin] | None = None) -> list[Contradiction]:
    return contradictions(record_set(records), [PLAN], origins or {}, NOW)


def test_what_evaluate_writes_contradicts_nothing() -> None:
    assert found([*tuning(), *finals()]) == []
    assert found([*tuning(), finals()[0]]) == [], "an evaluation that goes on"
    assert found([*tuning(scores=(None, 0.25)), *finals()]) == [], "one tuning run diverged"
    assert found([*tuning(scores=(0.25, 0.25)), *finals(learning_rate=0.1)]) == [], "a tie goes to the first"


@pytest.mark.parametrize(
    ("records", "text"),
    [
        (lambda: [*tuning(), run(seed=7)], "Seeds of final runs are 7; the protocol asks for 12345, 12346."),
        (lambda: [run(phase="tune", learning_rate=0.1, test={}, seed=9)], "Seeds of tuning runs are 9"),
        (lambda: [*tuning(), *finals(), run(seed=5)], "There are 3 final runs; the protocol asks for 2."),
        (
            lambda: [*tuning(), *finals(grid_edge=None)],
            "Learning rate 0.01 is said to be neither edge of its grid; it is lowest.",
        ),
        (
            lambda: [*tuning(), *finals(grid_edge="highest")],
            "Learning rate 0.01 is said to be highest of its grid; it is lowest.",
        ),
        (lambda: finals(), "no tuning run at learning rate 0.1, 0.01."),
        (lambda: [tuning()[1], *finals()], "no tuning run at learning rate 0.1."),
        (lambda: [*tuning(scores=(0.4, 0.2)), *finals()], "learning rate 0.01; the tuning runs choose 0.1."),
        (lambda: [*tuning(scores=(None, None)), *finals()], "though all tuning runs diverged"),
        (
            lambda: [*tuning(), *finals(learning_rate=0.5)],
            "Final runs have the learning rate 0.5; the grid is",
        ),
        (
            lambda: [*tuning(), run(phase="tune", learning_rate=3.0, test={})],
            "Tuning runs have the learning rates 3",
        ),
        (lambda: [run(phase="tune", learning_rate=0.1)], "A tuning run has test metrics"),
        (
            lambda: [*tuning(), run(value=None, validation={"opacity_dice": 0.2})],
            "A diverged run has metrics.",
        ),
        (
            lambda: [run(phase="tune", test={}, protocol="mine")],
            "is called mine; its digest is that of lovt-2022.",
        ),
        (
            lambda: [run(phase="tune", test={}, profile="paper")],
            "is called paper; its digest is that of demo.",
        ),
        (lambda: [run(phase="tune", test={}, validation_images=0)], "has no images in one of its splits"),
        (lambda: [*tuning(), *finals(test_images=0)], "has no images in one of its splits"),
        (lambda: [*tuning(), run(epochs=4, history=[])], "A run has 4 epochs; the task ends at 3."),
        (lambda: [*tuning(), run(best_epoch=2)], "The best epoch is number 3 of 2."),
        (lambda: [*tuning(), run(best_epoch=None)], "has no best epoch"),
        (lambda: [*tuning(), run(epochs=3)], "A run of 3 epochs has a history of 2"),
        (lambda: [*tuning(), run(history=logs(0.5, 0.3))], "another best epoch"),
        (lambda: [*tuning(), run(validation={"opacity_dice": 0.9})], "or another value there"),
        (
            lambda: [*tuning(), run(monitor="other", validation={"other": 0.3})],
            "the task monitors opacity_dice",
        ),
        (lambda: [*tuning(), run(device="NVIDIA A100")], "differ in their kind of device: CPU, GPU."),
        (lambda: [*tuning(), run(precision="float16-mixed")], "differ in their precision"),
        (lambda: [*tuning(), run(train_images=31)], "number of training images: 31, 32."),
        (lambda: [*tuning(), run(finished="2026-01-03T01:00:00Z")], "finished at 2026-01-03 01:00 UTC"),
    ],
)
def test_a_contradiction_is_named(records: Callable[[], list[RunRecord]], text: str) -> None:
    assert any(text in item.text for item in found(records())), found(records())
    assert {(item.submission, item.task) for item in found(records())} == {("mine", TASK)}


def test_a_task_with_one_learning_rate_is_not_tuned() -> None:
    spec = SPEC.model_copy(update={"learning_rates": [0.01]})
    plan = PLAN.model_copy(update={"tasks": {TASK: spec}})
    assert (
        contradictions(record_set(finals(task_sha256=spec.digest(), grid_edge=None)), [plan], {}, NOW) == []
    )
    tuned = run(phase="tune", learning_rate=0.1, test={}, task_sha256=spec.digest())
    (item,) = contradictions(
        record_set([*finals(task_sha256=spec.digest(), grid_edge=None), tuned]), [plan], {}, NOW
    )
    assert "Tuning runs have the learning rates 0.1; the grid is 0.01." in item.text


def test_clocks_of_two_machines_may_differ_a_little() -> None:
    assert found([*tuning(), *finals(finished="2026-01-03T00:05:00Z")]) == []


def test_a_protocol_that_is_not_known_here_asks_for_nothing() -> None:
    other: dict[str, Any] = {"protocol_sha256": digest("edited")}
    assert found([run(seed=seed, **other) for seed in range(9)]) == []


def test_another_task_specification_is_not_held_against_this_one() -> None:
    assert found(finals(task_sha256=digest("older"), learning_rate=0.7)) == []


def test_the_reference_engine_is_held_apart_from_the_fast_one() -> None:
    reference = [item.model_copy(update={"device": "GPU"}) for item in finals(engine="reference")]
    both = found([*tuning(), *finals(), *reference])
    assert {item.text for item in both} == {
        "There are final runs, but no tuning run at learning rate 0.1, 0.01."
    }


def test_the_same_weights_under_two_names_are_said_of_both() -> None:
    same = {"backbone_sha256": digest("weights")}
    items = found([*runs("mine", TASK, [0.3], **same), *runs("yours", TASK, [0.9], **same)])
    assert [(item.submission, item.text) for item in items] == [
        ("mine", f"Its weights ({digest('weights')[:8]}) are those of yours."),
        ("yours", f"Its weights ({digest('weights')[:8]}) are those of mine."),
    ]


@pytest.mark.parametrize(
    "change", [{}, {"seconds": 9.0}, {"finished": "2026-01-02T09:09:09Z"}, {"seed": 12346}]
)
def test_the_same_numbers_under_another_name_and_digest_are_said(change: dict[str, Any]) -> None:
    """Losses by epoch never agree for two weights: time, clock and seed may be edited."""
    items = found([*tuning(), run(), run("copy", **change)])
    assert "Runs are, number by number, those of mine." in {
        item.text for item in items if item.submission == "copy"
    }


def test_records_without_history_are_the_same_where_time_and_clock_are_too() -> None:
    bare: dict[str, Any] = {"history": [], "epochs": 2}
    assert any("number by number" in item.text for item in found([run(**bare), run("copy", **bare)]))
    timed = found([run(**bare), run("other", seconds=9.0, **bare)])
    assert not any("number by number" in item.text for item in timed), "two weights may reach one number"


def test_many_equal_results_without_history_are_no_chance() -> None:
    """Three different ones are found; one that all runs share, as of a head that says nothing, may be chance."""
    bare: dict[str, Any] = {"history": [], "epochs": 2}

    def others(values: list[float], **changes: Any) -> set[str]:
        both = [
            *runs("mine", TASK, values, **bare),
            *runs("copy", TASK, values, seconds=9.0, **bare, **changes),
        ]
        return {item.submission for item in found(both) if "number by number" in item.text}

    assert others([0.3, 0.31, 0.32]) == {"mine", "copy"}
    assert others([0.3, 0.31]) == set()
    assert others([0.3, 0.3, 0.3, 0.3]) == set()


def test_results_of_heads_that_mark_everything_are_equal_by_chance() -> None:
    """What such a head scores says how large the lesions are, and nothing about the weights."""
    bare: dict[str, Any] = {"history": [], "epochs": 2}

    def others(recall: float) -> set[str]:
        measured = {f"opacity_{name}": value for name, value in (("recall", recall), ("precision", 0.013))}
        both = [
            item.model_copy(update={"test": item.test | measured, "validation": measured})
            for name, seconds in (("mine", 8.0), ("copy", 9.0))
            for item in runs(name, TASK, [0.3, 0.31, 0.32], seconds=seconds, **bare)
        ]
        return {item.submission for item in found(both) if "number by number" in item.text}

    assert others(1.0) == set()
    assert others(0.7) == {"mine", "copy"}


def test_the_same_course_on_other_images_is_said() -> None:
    items = found([run(), run("copy", track="public")])
    assert {(item.track, item.submission) for item in items if "number by number" in item.text} == {
        ("phantom", "mine"),
        ("public", "copy"),
    }


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin(known=True), None),
        (Origin(known=True, declared=digest("mine")), None),
        (Origin(known=True, declared=digest("old"), here=digest("mine")), None),
        (Origin(known=False), "There is no backbone and no declaration"),
        (Origin(known=True, declared=digest("old")), f"it declares {digest('old')[:8]}"),
    ],
)
def test_weights_have_to_come_from_somewhere(origin: Origin, text: str | None) -> None:
    items = found([*tuning(), *finals()], {"mine": origin})
    assert [item.text for item in items if text is None or text not in item.text] == []
    assert len(items) == (text is not None)


IMAGENET, HALF = digest("imagenet"), digest("half")
TWIN = PLAN.model_copy(update={"normalisation": "declared"})


def whole(normalisation: str | None, rate: float = 0.01) -> list[RunRecord]:
    """Return the runs of a cell under one normalisation, whose tuning chooses the rate."""
    scores = (0.25, 0.2) if rate == 0.1 else (0.2, 0.25)
    named: dict[str, Any] = {"normalisation_sha256": normalisation}
    tuned = [
        run(value=score, phase="tune", learning_rate=tried, test={}, **named)
        for tried, score in zip(SPEC.learning_rates, scores, strict=True)
    ]
    return [*tuned, *finals(learning_rate=rate, **named)]


def test_runs_under_two_normalisations_are_not_taken_for_too_many_runs() -> None:
    records = record_set([*whole(IMAGENET), *whole(HALF, 0.1)])
    items = contradictions(records, [TWIN], {"mine": Origin(known=True)}, NOW)
    assert not [item.text for item in items if "final runs" in item.text or "learning rate" in item.text]


@pytest.mark.parametrize(
    ("plan", "used", "named", "text"),
    [
        (TWIN, IMAGENET, {IMAGENET}, None),
        (TWIN, None, {None}, None),
        (TWIN, HALF, None, None),
        (TWIN, HALF, {IMAGENET, HALF}, None),
        (TWIN, HALF, {IMAGENET}, f"numbers {HALF[:8]}; it should be the declared numbers {IMAGENET[:8]}."),
        (TWIN, None, {IMAGENET}, "by the statistics of the dataset; it should be the declared numbers"),
        (TWIN, IMAGENET, {None}, "it should be the statistics of the dataset."),
        (PLAN, IMAGENET, {IMAGENET}, "it should be the statistics of the dataset."),
        (PLAN, None, {IMAGENET}, None),
    ],
)
def test_a_normalisation_has_to_be_that_which_is_declared(
    plan: RunPlan, used: str | None, named: set[str | None] | None, text: str | None
) -> None:
    origin = Origin(known=True, normalisations=None if named is None else frozenset(named))
    items = contradictions(record_set(whole(used)), [plan], {"mine": origin}, NOW)
    assert len(items) == (text is not None)
    assert all(text is not None and text in item.text and item.task == TASK for item in items)
