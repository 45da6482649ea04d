"""Controls have no place on a board, and a release is refused when one lands where it cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from lovt_bench.benchmark.contract.leaderboard import Cell, Leaderboard, Row, RunValue, Summary
from lovt_bench.benchmark.contract.network import NetworkFacts
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.descriptions import BackboneFacts, Description, describe
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.releases.canaries import judge, lead
from lovt_bench.leaderboard.releases.release import build_development, release
from lovt_bench.leaderboard.releases.version import releases
from lovt_bench.leaderboard.show.rendering import render
from tests.conftest import REPOSITORY
from tests.leaderboard.records import TASKS, digest, record_set, runs
from tests.leaderboard.sources import sources

FROZEN = ("covid_linear", "rsna_seg_linear_100")
TUNED = "rsna_finetune_100"
TRAINED = {"lovt": "text", "simclr": "self", "byol": "self"}
SHA = digest("lovt")


def control(name: str, method: str, variant: str = "") -> Description:
    said = {"Method": method, "Variant": variant, "Checkpoint": SHA[:16]}
    facts = BackboneFacts(
        architecture="resnet18", provenance={key: text for key, text in said.items() if text}
    )
    return Description(display_name=name, method=name, supervision="control", backbone=facts)


CONTROLS = {
    "ceiling": control("Ceiling", "phantom_masks"),
    "constant": control("LoVT (constant)", "canary", "constant"),
    "shuffled": control("LoVT (shuffled)", "canary", "shuffled"),
    "swapped": control("LoVT (swapped)", "canary", "swapped"),
}
DESCRIPTIONS = {
    **CONTROLS,
    **{
        name: Description(display_name=name, method=name, supervision=kind)  # type: ignore[arg-type]
        for name, kind in TRAINED.items()
    },
    "random": Description(display_name="Random", method="random", supervision="none"),
}

SOUND = {
    "lovt": 0.5, "simclr": 0.4, "byol": 0.3, "random": 0.2,
    "ceiling": 0.7, "constant": 0.1, "shuffled": 0.2, "swapped": 0.501,
}  # fmt: skip
"""Where rows and controls lie on a sound board."""


def records(levels: dict[str, float], spread: float = 0.004, count: int = 3) -> list[RunRecord]:
    """Return runs around a level on two frozen tasks and a fine-tuned one."""
    rng = np.random.default_rng(0)
    return [
        item
        for name, level in levels.items()
        for task in (*FROZEN, TUNED)
        for item in runs(name, task, (level + spread * rng.normal(size=count)).tolist())
    ]


def board(levels: dict[str, float], **how: float) -> Leaderboard:
    found = record_set(records(levels, **how))  # type: ignore[arg-type]
    return build(found, (), list(TASKS.values()), DESCRIPTIONS)


def refused(levels: dict[str, float], **how: float) -> list[str]:
    return [item.text for item in judge(board(levels, **how)) if item.refused]


def test_controls_change_nothing_of_the_rows_and_are_listed_apart():
    methods = {name: level for name, level in SOUND.items() if name not in CONTROLS}
    with_them, without = board(SOUND).tables[0], board(methods).tables[0]
    assert [row.id for row in with_them.rows] == ["lovt", "simclr", "byol", "random"]
    assert with_them.rows == without.rows
    assert with_them.analysis == without.analysis
    assert with_them.methods == without.methods
    assert [row.id for row in with_them.controls] == sorted(CONTROLS)
    assert {row.mean_rank for row in with_them.controls} == {None}
    [note] = set(with_them.notes) - set(without.notes)
    assert note.startswith("Controls, not ranked since they are no methods: Ceiling, mean 70.")


def test_controls_choose_no_image_store_for_methods():
    """A column shows one store: that of most methods, then the newest, whatever controls were run on."""
    old, new = {"dataset_sha256": digest("old store")}, {"dataset_sha256": digest("new store")}
    month = {"finished": "2026-10-01T00:00:00Z"}
    later = {"finished": "2026-11-01T00:00:00Z"}
    methods = [
        *runs("lovt", TUNED, [0.5] * 3, **old, **month),
        *runs("byol", TUNED, [0.4] * 3, **new, **later),
    ]
    beside = [item for name in CONTROLS for item in runs(name, TUNED, [0.3] * 3, **old, **later)]
    for records_of in (methods, methods + beside):
        [table] = build(record_set(records_of), (), list(TASKS.values()), DESCRIPTIONS).tables
        assert [row.id for row in table.rows] == ["byol"]
    [table] = build(
        record_set(
            methods[:3] + [item for name in CONTROLS for item in runs(name, TUNED, [0.3] * 3, **new, **later)]
        ),
        (),
        list(TASKS.values()),
        DESCRIPTIONS,
    ).tables
    assert [row.id for row in table.rows] == ["lovt"]
    assert table.controls == []


def test_a_control_without_a_task_of_a_method_is_named_and_stops_no_board():
    found = record_set([*runs("lovt", TUNED, [0.5] * 3), *runs("constant", FROZEN[0], [0.2] * 3)])
    [table] = build(found, (), list(TASKS.values()), DESCRIPTIONS).tables
    assert [row.id for row in table.rows] == ["lovt"]
    assert "Controls left out, since no method has their tasks: constant." in table.notes


def test_every_rendering_names_them_and_a_board_of_controls_alone_has_no_table():
    files = render(board(SOUND))
    for name in ("leaderboard.md", "leaderboard.json", "index.html"):
        assert b"Controls, not ranked" in files[name], name
    alone = board({"ceiling": 0.7})
    assert alone.tables == []
    assert alone.notes[0].endswith("would have controls alone: evaluate a method beside them.")
    assert render(alone)


@pytest.mark.parametrize(("level", "wrong"), [(0.6, True), (0.45, False)])
def test_a_random_transformer_above_every_trained_cnn_refuses_a_release(level: float, wrong: bool) -> None:
    """Also one below a trained transformer: what carries both is how tokens become levels, not what was learned."""
    families = {"lovt": "CNN", "simclr": "CNN", "byol": "CNN", "vit": "transformer", "random": "transformer"}
    known = {**DESCRIPTIONS, "vit": Description(display_name="vit", method="vit", supervision="self")}
    described = {
        name: known[name].model_copy(
            update={"backbone": BackboneFacts(architecture=name, network=NetworkFacts(family=family))}  # type: ignore[arg-type]
        )
        for name, family in families.items()
    }
    levels = {"lovt": 0.5, "simclr": 0.4, "byol": 0.3, "vit": 0.8, "random": level}
    said = judge(build(record_set(records(levels)), (), list(TASKS.values()), described))
    found = [item.text for item in said if item.refused]
    assert bool(found) == wrong
    assert all("Random on frozen backbones" in text and "above every trained CNN" in text for text in found)


@pytest.mark.parametrize(
    ("methods", "tasks", "wrong"),
    [
        (("lovt", "simclr", "byol"), FROZEN, True),
        (("lovt", "lovt", "lovt"), FROZEN, False),  # three pre-trainings of a weak method
        (("lovt", "lovt", "simclr"), FROZEN, False),
        (("lovt", "simclr", "byol"), FROZEN[:1], False),
    ],
)
def test_a_random_row_is_judged_beside_three_methods_on_half_of_the_tasks(
    methods: tuple[str, ...], tasks: tuple[str, ...], wrong: bool
) -> None:
    rng = np.random.default_rng(0)
    names = [f"{method}-{place}" for place, method in enumerate(methods)]
    described = {
        name: Description(display_name=name, method=method, supervision="self")
        for name, method in zip(names, methods, strict=True)
    }
    kept = [
        item
        for name in names
        for task in tasks
        for item in runs(name, task, (0.3 + 0.004 * rng.normal(size=3)).tolist())
    ]
    known = {"random": DESCRIPTIONS["random"], **described}
    said = judge(build(record_set([*kept, *records({"random": 0.5})]), (), list(TASKS.values()), known))
    assert [item.refused for item in said] == [wrong]
    assert wrong or "of at least 3 methods have a trained row" in said[0].text


def test_nothing_is_refused_where_all_is_in_its_place():
    said = judge(board(SOUND))
    assert not any(item.refused for item in said)
    assert len(said) == 5
    assert "Ceiling in" in said[1].text
    assert said[1].text.endswith(": above Random")


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({"constant": 0.55}, "above every trained row that shares tasks with it (3), by 5"),
        ({"ceiling": 0.15}, "is below Random by"),
        ({"shuffled": 0.55}, "is above lovt, whose weights it has in disorder, by"),
        ({"swapped": 0.53}, "differs from lovt by"),
        ({"swapped": 0.47}, "differs from lovt by"),
        ({"random": 0.6}, "a random draw cannot be"),
    ],
)
def test_a_control_where_it_cannot_be_refuses_the_release(moved: dict[str, float], said: str, tmp_path: Path):
    [only] = [text for text in refused({**SOUND, **moved}) if "Ceiling" not in text or "ceiling" in moved]
    assert said in only
    given = sources(tmp_path / "workspace", records({**SOUND, **moved}), DESCRIPTIONS)
    out = tmp_path / "versions"
    build_development(out, given)
    with pytest.raises(LeaderboardError, match=r"^no release: ") as error:
        release(out, given, date="2026-05-01")
    assert said in str(error.value)
    assert releases(out) == []
    assert not (tmp_path / "results").exists(), "no record was committed"
    mended = sources(tmp_path / "mended", records(SOUND), DESCRIPTIONS)
    build_development(out, mended)
    assert len(release(out, mended, date="2026-05-01").judgements) == 5


@pytest.mark.parametrize(
    "moved",
    [
        {"constant": 0.45},  # above two of three
        {"random": 0.45},
        {"ceiling": 0.2},  # as a random draw
        {"shuffled": 0.5},
        {"swapped": 0.505},  # less than a point
    ],
)
def test_what_may_be_is_not_refused(moved: dict[str, float]):
    assert refused({**SOUND, **moved}) == []


def test_a_constant_is_judged_on_frozen_tasks_alone():
    levels = {**SOUND, "constant": 0.1}
    found = [
        item for item in records(levels) if not (item.submission == "constant" and item.run.task == TUNED)
    ]
    best = runs("constant", TUNED, [0.97, 0.98, 0.99])
    made = build(record_set([*found, *best]), (), list(TASKS.values()), DESCRIPTIONS)
    assert not [item for item in judge(made) if item.refused]


def test_what_cannot_be_judged_is_said():
    single = [item.text for item in judge(board(SOUND, count=1))]
    assert all("not judged" in text for text in single)
    lone = [item.text for item in judge(board({"shuffled": 0.4, "byol": 0.3}))]
    assert lone == [
        f"LoVT (shuffled) in {board(SOUND).tables[0].id}: not judged, its original is not in the table"
    ]


def test_the_error_of_a_lead_is_that_of_a_mean_over_tasks():
    table = board({"lovt": 0.5, "byol": 0.49}, spread=0.02, count=5).tables[0]
    first, second = (next(row for row in table.rows if row.id == name) for name in ("lovt", "byol"))
    found = lead(first, second, FROZEN[:1])
    assert found is not None
    values = [[run.value for run in row.cells[0].runs] for row in (first, second)]
    assert first.cells[0].task == second.cells[0].task
    assert lead(first, second, [first.cells[0].task]) is not None
    test = stats.ttest_ind(*values, equal_var=False, alternative="greater")
    one = lead(first, second, [first.cells[0].task])
    assert one is not None
    assert one.p == pytest.approx(test.pvalue)


def lone(name: str, values: dict[str, np.ndarray]) -> Row:
    """Return a row of a table with these runs by task."""
    cells = [
        Cell(
            task=task,
            status="complete",
            summary=Summary(runs=len(each), mean=each.mean(), std=each.std(ddof=1)),
            runs=[
                RunValue(seed=seed, key=digest(name), value=float(value)) for seed, value in enumerate(each)
            ],
        )
        for task, each in values.items()
    ]
    return Row(id=name, display_name=name, method=name, cells=cells, complete=True, mean_rank=1, best_on=0)


@pytest.mark.parametrize("shared", [0.0, 0.8])
def test_a_draw_that_is_good_in_all_tasks_counts_once(shared: float):
    """A hundred and twenty pairs of equal rows, five runs on eighteen tasks; runs of a seed are alike in one row."""
    rng = np.random.default_rng(1)
    chances = []
    for _ in range(120):
        draws = np.sqrt(shared) * rng.normal(size=5)
        drawn = {task: 0.5 + 0.01 * (draws + np.sqrt(1 - shared) * rng.normal(size=5)) for task in TASKS}
        fixed = {task: 0.5 + 0.01 * rng.normal(size=5) for task in TASKS}
        found = lead(lone("random", drawn), lone("lovt", fixed), TASKS)
        assert found is not None
        chances.append(found.p)
    assert sum(chance < 0.001 for chance in chances) <= 1
    assert stats.kstest(chances, "uniform").pvalue > 0.01


def test_runs_that_share_no_seed_over_tasks_tell_nothing():
    one, other = "covid_linear", TUNED
    row = lone("a", {one: np.array([0.1, 0.2]), other: np.array([0.1, 0.2])})
    moved = [run.model_copy(update={"seed": run.seed + 9}) for run in row.cells[1].runs]
    apart = row.model_copy(update={"cells": [row.cells[0], row.cells[1].model_copy(update={"runs": moved})]})
    assert lead(apart, row, [one, other]) is None
    assert lead(apart, row, [one]) is not None


def test_a_control_whose_folder_is_not_here_is_no_row_and_its_kind_is_asked_for():
    """Records of another machine: names alone say what was a canary."""
    names = (
        "lovt",
        "simclr",
        "byol",
        "random",
        "lovt-constant",
        "lovt-swapped",
        "random-12345-constant",
        "phantom_masks",
        "phantom_masks-30",
    )
    levels = dict(zip(names, (0.5, 0.4, 0.3, 0.6, 0.9, 0.51, 0.9, 0.05, 0.05), strict=True))
    known = describe(names, REPOSITORY / "submissions", None)
    made = build(record_set(records(levels)), (), list(TASKS.values()), known)
    [table] = made.tables
    assert {row.id for row in table.rows} == {"lovt", "simclr", "byol", "random"}
    said = judge(made)
    wrong = [item.text for item in said if item.refused]
    assert any("a random draw cannot be" in text for text in wrong)
    assert sum("though it was told the answers" in text for text in wrong) == 2
    for name in ("lovt-constant", "lovt-swapped", "random-12345-constant"):
        assert any(item.text.startswith(f"{name} in") and "kind of control" in item.text for item in said)


def test_equal_rows_are_told_apart_no_more_often_than_stated():
    """Sixty pairs of equal rows, three runs on two tasks: chances are spread evenly, and none is below ALPHA."""
    rng = np.random.default_rng(1)
    chances = []
    for _ in range(60):
        values = {name: float(level) for name, level in (("lovt", 0.5), ("byol", 0.5))}
        found = record_set(
            item
            for name, level in values.items()
            for task in FROZEN
            for item in runs(name, task, (level + 0.01 * rng.normal(size=3)).tolist())
        )
        rows = {row.id: row for row in build(found, (), list(TASKS.values()), DESCRIPTIONS).tables[0].rows}
        got = lead(rows["lovt"], rows["byol"], FROZEN)
        assert got is not None
        chances.append(got.p)
    assert min(chances) > 0.001
    assert stats.kstest(chances, "uniform").pvalue > 0.01
