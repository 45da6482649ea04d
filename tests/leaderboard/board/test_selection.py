"""Which runs stand in a table: groups never meet, and what differs is never averaged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.selection import Group, group_key, select
from tests.leaderboard.records import TASKS, digest, record, runs

METRICS = {name: spec.metric for name, spec in TASKS.items()}
DEMO = (digest("lovt-2022"), digest("demo"))


def groups_of(
    records: Iterable[RunRecord], expected: Mapping[tuple[str, str], int] | None = None
) -> list[Group]:
    return select(records, METRICS, expected or {DEMO: 2})[0]


def values_of(group: Group, submission: str = "random", task: str = "covid_linear") -> list[float]:
    return [run.test[run.metric] for run in group.sets[submission, task].runs]


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": "corrected"},
        {"protocol_sha256": digest("edited protocol")},
        {"profile": "paper"},
        {"profile_sha256": digest("edited profile")},
        {"track": "public"},
        {"splits": "official"},
    ],
)
def test_groups_never_share_a_table(change: dict[str, str]) -> None:
    """Also where only a digest differs: an edited profile that keeps its name is another profile."""
    groups = groups_of([record(value=0.1), record(value=0.9, **change)])
    assert sorted(values_of(group) for group in groups) == [[0.1], [0.9]]
    assert len({group.key for group in groups}) == 2


def test_tuning_runs_are_no_results() -> None:
    assert groups_of([record(phase="tune")]) == []


def test_the_reference_engine_enters_no_table_and_is_named() -> None:
    groups, notes = select([record(engine="reference")], METRICS, {})
    assert groups == []
    assert "reference engine" in notes[0]


def test_an_unknown_task_is_left_out_and_shown_harmlessly() -> None:
    groups, notes = select([record(task="<img>\n")], METRICS, {})
    assert groups == []
    assert "no such task" in notes[0]
    assert "\n" not in notes[0]


def test_a_record_cannot_choose_its_metric() -> None:
    """mAP@0.5 is always the higher number; a record that reports it as the task's metric must not count."""
    forged = record(task="rsna_frozen_1", metric="mAP@0.5", test={"mAP": 0.1, "mAP@0.5": 0.9})
    groups, notes = select([forged], METRICS, {})
    assert groups == []
    assert "they report 'mAP@0.5'" in notes[0]


def test_runs_on_another_store_never_enter_a_cell() -> None:
    """The phantom made anew with another seed has the same name and track; its identity differs."""
    old = runs(
        "random", "covid_linear", [0.1, 0.1], dataset_sha256=digest("old"), finished="2025-01-01T00:00:00Z"
    )
    new = runs("random", "covid_linear", [0.9, 0.9])
    for order in ([*old, *new], [*new, *old]):
        (group,) = groups_of(order)
        assert values_of(group) == [0.9, 0.9]
        assert "another image store" in group.notes[0]


def test_the_edition_that_most_submissions_share_is_shown() -> None:
    """One newcomer with a store of its own does not take the column from everybody else."""
    shared = [item for name in ("random", "imagenet") for item in runs(name, "covid_linear", [0.1, 0.2])]
    newcomer = runs(
        "late", "covid_linear", [0.9, 0.9], dataset_sha256=digest("own"), finished="2027-01-01T00:00:00Z"
    )
    (group,) = groups_of([*shared, *newcomer])
    assert {submission for submission, _ in group.sets} == {"random", "imagenet"}
    assert "late, covid_linear: 2 run(s) of 2027-01-01" in group.notes[0]


def test_many_backbones_of_one_submission_do_not_outvote_others() -> None:
    honest = [item for name in ("random", "imagenet") for item in runs(name, "covid_linear", [0.1, 0.2])]
    stuffed = [
        item
        for number in range(5)
        for item in runs(
            "late",
            "covid_linear",
            [0.9, 0.9],
            dataset_sha256=digest("own"),
            backbone_sha256=digest(f"b{number}"),
        )
    ]
    (group,) = groups_of([*honest, *stuffed])
    assert {submission for submission, _ in group.sets} == {"random", "imagenet"}


def test_a_row_is_one_backbone() -> None:
    """A backbone trained anew takes the row over when it covers as many tasks; until then its runs wait."""
    old = [item for task in ("covid_linear", "nih_seg_linear") for item in runs("m", task, [0.1, 0.1])]
    new = {"backbone_sha256": digest("new"), "finished": "2027-01-01T00:00:00Z"}
    half = [*old, *runs("m", "covid_linear", [0.9, 0.9], **new)]
    (group,) = groups_of(half)
    assert values_of(group, "m") == [0.1, 0.1]
    assert "another backbone" in group.notes[0]
    (group,) = groups_of([*half, *runs("m", "nih_seg_linear", [0.8, 0.8], **new)])
    assert values_of(group, "m") == [0.9, 0.9]
    assert values_of(group, "m", "nih_seg_linear") == [0.8, 0.8]


def test_a_row_is_one_normalisation() -> None:
    """Numbers that are declared anew between tasks would tune a row to datasets."""
    one, other = ({"normalisation_sha256": digest(name)} for name in ("imagenet", "half"))
    given = [
        *runs("m", "covid_linear", [0.1, 0.1], **one),
        *runs("m", "nih_seg_linear", [0.2, 0.2], **one),
        *runs("m", "rsna_seg_linear_1", [0.9, 0.9], **other),
        *runs("m", "covid_linear", [0.8], **other, finished="2027-01-01T00:00:00Z"),
        *runs("m", "rsna_seg_linear_1", [0.7, 0.7]),
    ]
    (group,) = groups_of(given)
    assert {task: values_of(group, "m", task) for _, task in group.sets} == {
        "covid_linear": [0.1, 0.1],
        "nih_seg_linear": [0.2, 0.2],
    }
    half, dataset = f"normalisation ({digest('half')[:8]})", "normalisation (that of the dataset)"
    assert [half in note or dataset in note for note in group.notes] == [True] * 3
    assert not any("learning rate" in note or "another backbone" in note for note in group.notes)


def test_a_whole_set_stands_before_a_newer_partial_one() -> None:
    whole = runs("random", "covid_linear", [0.1, 0.1])
    partial = runs("random", "covid_linear", [0.9], learning_rate=0.5, finished="2027-01-01T00:00:00Z")
    (group,) = groups_of([*whole, *partial])
    assert values_of(group) == [0.1, 0.1]
    assert "another learning rate (0.5)" in group.notes[0]


def test_unknown_profiles_expect_the_most_runs_found() -> None:
    (group,) = groups_of(
        [*runs("a", "covid_linear", [0.1]), *runs("b", "covid_linear", [0.1, 0.2])], {("x", "y"): 9}
    )
    assert group.expected_runs == 2
    assert not group.as_here
    assert not group.sets["a", "covid_linear"].whole


def test_runs_stand_by_seed() -> None:
    (group,) = groups_of(reversed(runs("random", "covid_linear", [0.1, 0.2, 0.3])))
    assert values_of(group) == [0.1, 0.2, 0.3]
    assert group.key == group_key(record())
