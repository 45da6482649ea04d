"""The replication gate: equivalence as two one-sided tests, and a planted protocol entry that turns it red."""

from __future__ import annotations

import dataclasses
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
TASK = "covid_linear"
TWO = ("random", "imagenet")
PROTOCOL = load_protocol("lovt-2022")


def stand_in(means: dict[str, float], interval: float, rule: ReplicationRule = RULE) -> PublishedTable:
    """Return a published table of one task."""
    info = PublishedInfo(
        name="stand-in", title="Stand-in", statement="Made up.", citation="Nobody", url="https://example.org",
        protocol="lovt-2022", profile="paper", runs=5, supervision=dict.fromkeys(means, "unknown"), replication=rule,
    )  # fmt: skip
    cells = [
        PublishedCell(method=name, fraction=None, task=TASK, mean=mean, interval95=interval)
        for name, mean in means.items()
    ]
    return PublishedTable(info, tuple(cells), digest("stand-in"))


def board(values: dict[str, list[float]], published: PublishedTable) -> Leaderboard:
    """Return a board of public, official runs of the profile paper."""
    where = {"track": "public", "splits": "official", "profile": "paper", "profile_sha256": digest("paper")}
    found = [item for name, each in values.items() for item in runs(name, TASK, each, **where)]
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
    for cell in made.cells:
        column = next(c for c in published.cells if c.task == cell.task and c.method.lower() == cell.row)
        assert cell.margin == pytest.approx(column.interval95 + 0.02)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "not yet replicated on real data: no run of random and imagenet on a public dataset."),
        ({"random": [0.3] * 5}, "not yet replicated on real data: of 1 cells of 2 imagenet not measured"),
        (
            {"random": [0.3] * 5, "imagenet": [0.9] * 5},
            "not yet replicated on real data: of 2 cells of 2 1 different",
        ),
        (
            {"random": [0.3] * 5, "imagenet": [0.5] * 5},
            "was replicated on real data: published values reached in all",
        ),
        ({"random": [0.3] * 4, "imagenet": [0.5] * 5}, "of 1 cells of 2 random not measured"),
    ],
)
def test_a_version_says_at_its_top_what_was_replicated(values: dict[str, list[float]], said: str):
    made = board(values, stand_in({"Random": 0.3, "ImageNet": 0.5}, 0.0))
    [text] = sentences(made)
    assert said in text
    files = render(made)
    assert text in files["leaderboard.md"].decode().split("## ")[0].replace("\\", "")
    assert text in files["index.html"].decode().split("<main")[0]
    assert text in files["replication.md"].decode()


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
