"""The replication gate: equivalence as two one-sided tests, and a planted protocol entry that turns it red."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from statsmodels.stats.weightstats import DescrStatsW

from lovt_bench.benchmark.contract.leaderboard import Leaderboard, Table
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.replication import Replication
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.published import (
    PublishedCell,
    PublishedInfo,
    PublishedTable,
    ReplicationRule,
    load_published,
)
from lovt_bench.leaderboard.board.published_table import published_table
from lovt_bench.leaderboard.board.records import read_records
from lovt_bench.leaderboard.board.replication import replicate, report, sentence, sentences
from lovt_bench.leaderboard.show.rendering import render
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import TINY, TinySource, tiny_store
from tests.leaderboard.records import TASKS, digest, record_set, runs

RULE = ReplicationRule()
TASK, OTHER = "covid_linear", "rsna_seg_linear_100"
TWO = ("random", "imagenet")
PROTOCOL = load_protocol("lovt-2022")


def stand_in(
    means: dict[str, float], interval: float, rule: ReplicationRule = RULE, tasks: tuple[str, ...] = (TASK,)
) -> PublishedTable:
    """Return a published table."""
    info = PublishedInfo(
        name="stand-in", title="Stand-in", statement="Made up.", citation="Nobody", url="https://example.org",
        protocol="lovt-2022", profile="paper", runs=5, supervision=dict.fromkeys(means, "unknown"), replication=rule,
    )  # fmt: skip
    cells = [
        PublishedCell(method=name, fraction=None, task=task, mean=mean, interval95=interval)
        for name, mean in means.items()
        for task in tasks
    ]
    return PublishedTable(info, tuple(cells), digest("stand-in"))


Values = dict[str, list[float] | list[float | None]]


def board(values: Values, published: PublishedTable, task: str = TASK) -> Leaderboard:
    return board_of({(name, task): each for name, each in values.items()}, published)


def board_of(
    values: Mapping[tuple[str, str], Sequence[float | None]], published: PublishedTable
) -> Leaderboard:
    """Return a board of public, official runs of the profile paper."""
    where = {"track": "public", "splits": "official", "profile": "paper", "profile_sha256": digest("paper")}
    found = [item for (name, task), each in values.items() for item in runs(name, task, each, **where)]
    expected = {(digest("lovt-2022"), digest("paper")): 5}
    return build(record_set(found), (published,), list(TASKS.values()), expected_runs=expected)


def test_a_cell_is_equivalent_where_both_one_sided_tests_say_so():
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(60):
        values = np.clip(0.3 + rng.normal() * 0.02 + rng.uniform(0.001, 0.04) * rng.normal(size=5), 0, 1)
        [found] = board({"random": values.tolist()}, stand_in({"Random": 0.3}, 0.01)).replications
        [cell] = found.cells
        p = DescrStatsW(values).ttost_mean(0.3 - 0.03, 0.3 + 0.03)[0]
        assert (cell.verdict == "equivalent") == (p < 0.05)
        beyond = max(
            DescrStatsW(values).ttest_mean(0.3 + side * 0.03, "larger" if side > 0 else "smaller")[1] < 0.05
            for side in (-1, 1)
        )
        assert (cell.verdict == "different") == beyond
        seen.add(cell.verdict)
    assert seen == {"equivalent", "different", "open"}


def test_margins_were_fixed_with_the_published_values():
    [published] = load_published()
    assert published.info.replication == ReplicationRule(rows=["random", "imagenet"], slack=0.02)
    table = published_table(published, list(TASKS.values()))
    made = replicate(table, table, published.info.replication)
    assert len(made.cells) == 36
    assert sorted((cell.row, cell.task) for cell in made.cells if not cell.tells) == [
        ("imagenet", "nih_seg_linear"),
        *[("random", task) for task in ("nih_seg_linear", "rsna_finetune_1", "rsna_frozen_1")],
    ]
    for cell in made.cells:
        column = next(c for c in published.cells if c.task == cell.task and c.method.lower() == cell.row)
        assert cell.margin == pytest.approx(column.interval95 + 0.02)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "not yet replicated on real data: no run of random and imagenet on a public dataset."),
        (
            {"random": [0.3] * 5},
            "not yet replicated on real data: 1 of 2 cells measured, imagenet not measured in full (rep",
        ),
        (
            {"random": [0.3] * 5, "imagenet": [0.9] * 5},
            "not yet replicated on real data: 2 of 2 cells measured, 1 different",
        ),
        (
            {"random": [0.3] * 5, "imagenet": [0.5] * 5},
            "was replicated on real data: published values reached in all cells (",
        ),
        (
            {"random": [0.3] * 4, "imagenet": [0.5] * 5},
            "1 of 2 cells measured, random not measured in full, 1 not finished",
        ),
        (
            {"random": [0.3] * 2, "imagenet": [0.5] * 4},
            "0 of 2 cells measured, random and imagenet not measured in full, 2",
        ),
        (
            {"random": [0.3] * 5, "imagenet": [0.5] * 4 + [None]},
            "2 of 2 cells measured, 1 different (replication.md)",
        ),
        (
            {"random": [0.3] * 5, "imagenet": [None] * 5},
            "2 of 2 cells measured, 1 different (replication.md)",
        ),
    ],
)
def test_a_version_says_at_its_top_what_was_replicated(values: Values, said: str):
    made = board(values, stand_in({"Random": 0.3, "ImageNet": 0.5}, 0.0))
    [text] = sentences(made)
    assert said in text
    files = render(made)
    assert text in files["leaderboard.md"].decode().split("## ")[0].replace("\\", "")
    assert text in files["index.html"].decode().split("<main")[0]
    assert text in files["replication.md"].decode()


@pytest.mark.parametrize(
    ("more", "replicated", "said"),
    [
        ({}, True, "reached in 2 of 4 cells, the others were not measured (replication.md)"),
        ({("random", OTHER): [0.3] * 5}, True, "reached in 3 of 4 cells, the others were not measured"),
        (
            {("random", OTHER): [0.3] * 5, ("imagenet", OTHER): [0.9] * 4},
            True,
            "reached in 3 of 4 cells, 1 not finished (replication.md)",
        ),
        ({("imagenet", OTHER): [None] * 5}, False, "3 of 4 cells measured, 1 different (replication.md)"),
        (
            {("imagenet", OTHER): [0.5] * 4 + [None]},
            False,
            "3 of 4 cells measured, 1 different (replication.md)",
        ),
    ],
)
def test_a_cell_that_diverged_is_no_cell_that_was_not_measured(
    more: dict[tuple[str, str], list[float | None]], replicated: bool, said: str
):
    both = {("random", TASK): [0.3] * 5, ("imagenet", TASK): [0.5] * 5}
    published = stand_in({"Random": 0.3, "ImageNet": 0.5}, 0.0, tasks=(TASK, OTHER))
    [found] = board_of({**both, **more}, published).replications
    assert found.replicated == replicated
    assert said in sentence("lovt-2022", found)
    written = report([found])
    for (row, task), values in more.items():
        if None in values:
            here = "50.0 ± 0.0 | 4" if values[0] else "— | 0"
            assert (
                f"| `{task}` | 50.0 | 2.0 | {here} | different, {values.count(None)} diverged |" in written
            ), row


def test_rows_that_share_no_task_replicate_nothing():
    published = stand_in({"Random": 0.3, "ImageNet": 0.5}, 0.0, tasks=(TASK, OTHER))
    [found] = board_of({("random", TASK): [0.3] * 5, ("imagenet", OTHER): [0.5] * 5}, published).replications
    assert not found.replicated
    assert "2 of 4 cells measured, no task with all rows (replication.md)" in sentence("lovt-2022", found)


def test_cells_where_nothing_would_pass_too_replicate_nothing_by_themselves():
    """The published mean of Random is below its margin: runs of 0 are equivalent to it."""
    published = stand_in({"Random": 0.025, "ImageNet": 0.5}, 0.01)
    [found] = board({"random": [0.0] * 5, "imagenet": [0.5] * 5}, published).replications
    assert [cell.verdict for cell in found.cells] == ["equivalent", "equivalent"]
    assert not found.replicated
    assert "2 of 2 cells measured, random measured only where 0 would pass" in sentence("lovt-2022", found)
    assert "| equivalent, 0 would pass |" in report([found])


def test_a_protocol_without_published_values_says_so():
    made = build(record_set(runs("random", TASK, [0.3, 0.4])), (), list(TASKS.values()))
    assert sentences(made) == [
        "Protocol lovt-2022 not yet replicated on real data: no published values to compare with."
    ]
    assert "replication.md" not in render(made)


def test_runs_on_the_phantom_or_on_other_splits_replicate_nothing():
    published = stand_in({"Random": 0.3, "ImageNet": 0.5}, 0.0)
    found = [
        item for name, value in (("random", 0.3), ("imagenet", 0.5)) for item in runs(name, TASK, [value] * 5)
    ]
    made = build(record_set(found), (published,), list(TASKS.values()))
    assert [item.cells for item in made.replications] == [[]]


@pytest.fixture(scope="module")
def measure(tmp_path_factory: pytest.TempPathFactory):
    """Return what takes two backbones through a task of the phantom under a protocol, and gives the table."""
    root = tmp_path_factory.mktemp("replication")
    stores = {"covid-rural": tiny_store(root, "covid-rural")}

    def run(protocol: Protocol) -> Table:
        workspace = root / protocol.digest()[:8]
        for name, drawn in zip(TWO, (True, False), strict=True):
            evaluate(
                Evaluation(
                    source=dataclasses.replace(TinySource(drawn_per_run=drawn), name=name),
                    specs=[load_task(TASK)],
                    stores=stores,
                    protocol=protocol,
                    profile=TINY.model_copy(update={"max_runs": 3}),
                    workspace=workspace,
                    device=torch.device("cpu"),
                )
            )
        return build(read_records(workspace / "results"), (), list(TASKS.values())).tables[0]

    return run


def verdicts(table: Table, published: Table) -> Replication:
    return replicate(table, published, RULE)


def test_one_planted_protocol_entry_turns_the_gate_red(measure, tmp_path: Path):
    """Stand-in values are those of the phantom under the protocol; the entry changes which pixels count as found."""
    sound = measure(PROTOCOL)
    means = {row.id: row.cells[0].summary for row in sound.rows}
    assert set(means) == set(TWO)
    widest = max(summary.interval95_normal or 0 for summary in means.values() if summary)
    stand = stand_in({name: summary.mean for name, summary in means.items() if summary}, widest)
    published = published_table(stand, list(TASKS.values()))
    green = verdicts(sound, published)
    assert green.replicated
    assert [cell.verdict for cell in green.cells] == ["equivalent", "equivalent"]
    entry = PROTOCOL.metrics.model_copy(update={"mask_threshold": 0.95})
    red = verdicts(measure(PROTOCOL.model_copy(update={"metrics": entry})), published)
    assert not red.replicated
    assert "different" in {cell.verdict for cell in red.cells}
    assert "not yet replicated on real data" in sentence(red.protocol, red)
    assert "| different |" in report([red])
