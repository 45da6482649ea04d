"""The ladder of evidence: no step is reached by saying so."""

from __future__ import annotations

import itertools

import pytest

from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.leaderboard.board.evidence import LADDER, evidence_of, made_by, measured_by
from tests.leaderboard.records import digest, record


@pytest.mark.parametrize(
    ("facts", "step"),
    [
        ((False, False, False, False), None),
        ((False, False, False, True), "declared"),
        ((False, True, False, True), "validated"),
        ((False, True, True, True), "validated"),
        ((True, True, False, True), "reproduced"),
        ((True, True, True, False), "retrained"),
    ],
)
def test_each_step(facts: tuple[bool, bool, bool, bool], step: str | None) -> None:
    measured, weights_here, made, claimed = facts
    assert evidence_of(measured=measured, weights_here=weights_here, made_here=made, claimed=claimed) == step


def test_more_facts_never_lower_the_step() -> None:
    names = ("measured", "weights_here", "made_here", "claimed")

    def height(facts: tuple[bool, ...]) -> int:
        step = evidence_of(**dict(zip(names, facts, strict=True)))
        return -1 if step is None else LADDER.index(step)

    for facts in itertools.product([False, True], repeat=4):
        for index in range(4):
            more = (*facts[:index], True, *facts[index + 1 :])
            assert height(more) >= height(facts)


def test_only_what_the_harness_writes_says_who_ran_it() -> None:
    said = Provenance(
        method="x",
        seed=1,
        commit="abc",
        source_sha256=digest("s"),
        corpus_sha256=digest("c"),
        made_by="board",
    )
    assert made_by(said) is None
    assert made_by(said.model_copy(update={"image_digest": "sha256:0"})) == "board"
    assert made_by(said.model_copy(update={"inputs_sha256": digest("i")})) == "board"


def test_only_the_keeper_s_own_runs_are_measured_here() -> None:
    own, other, unnamed = (
        record(seed=seed, measured_by=who) for seed, who in enumerate(("board", "x", None))
    )
    assert measured_by("board", [own, own])
    assert not measured_by("board", [])
    assert not measured_by("board", [own, other])
    assert not measured_by("board", [own, unnamed])
    assert not measured_by(None, [unnamed]), "where nobody is named, nobody measured it"
