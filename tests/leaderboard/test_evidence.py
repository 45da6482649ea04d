"""The ladder of evidence: no step is reached by saying so."""

from __future__ import annotations

import itertools

import pytest

from benchmark.contract.backbone import Provenance
from leaderboard.evidence import LADDER, evidence_of, made_here
from tests.leaderboard.records import digest


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


def test_only_what_the_harness_writes_says_that_it_ran() -> None:
    said = Provenance(method="x", seed=1, commit="abc", corpus_sha256=digest("c"), source_sha256=digest("s"))
    assert not made_here(said)
    assert made_here(said.model_copy(update={"image_digest": "sha256:0"}))
    assert made_here(said.model_copy(update={"inputs_sha256": digest("i")}))
