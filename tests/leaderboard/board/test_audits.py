"""A submitter's audit can only worsen a mark, and only where enough images are near copies."""

from __future__ import annotations

from typing import Literal

import pytest

from lovt_bench.benchmark.contract.audit import (
    AuditedCorpus,
    AuditHash,
    AuditReport,
    DatasetOverlap,
    SplitOverlap,
)
from lovt_bench.benchmark.contract.dataset import Track
from lovt_bench.benchmark.contract.leaderboard import Overlap
from lovt_bench.leaderboard.board.audits import audit_texts, with_audit

DIGEST = "0" * 64


def report(matched: int, track: Track = "public", dataset: str = "rsna") -> AuditReport:
    splits: dict[Literal["train", "validation", "test"], SplitOverlap] = {
        "train": SplitOverlap(images=900, matched=0),
        "test": SplitOverlap(images=100, matched=matched),
    }
    return AuditReport(
        algorithm=1,
        hashes=[AuditHash(name="phash", bits=1024, threshold=288)],
        corpus=AuditedCorpus(images=5, unreadable=0, hashes_sha256=DIGEST),
        datasets=[
            DatasetOverlap(
                dataset=dataset,
                track=track,
                dataset_sha256=DIGEST,
                hashes_sha256=DIGEST,
                splits=splits,
                corpus_matched=matched,
            )
        ],
        created="2026-11-24T12:00:00Z",
    )


@pytest.mark.parametrize(
    ("matched", "expected"), [(0, "clean"), (1, "unknown"), (10, "unknown"), (11, "overlapping")]
)
def test_more_than_one_percent_of_a_dataset_makes_it_overlapping_fewer_make_it_unknown(matched, expected):
    (mark,) = with_audit([Overlap(dataset="rsna", mark="clean")], report(matched), "public")
    assert mark.mark == expected
    assert bool(mark.reasons) == (expected != "clean")


def test_an_audit_that_finds_nothing_does_not_clear_what_is_known():
    marks = [Overlap(dataset="rsna", mark="overlapping", reasons=["the same dataset"])]
    assert with_audit(marks, report(0), "public") == marks


@pytest.mark.parametrize("audit", [report(50, "public"), report(50, "phantom")])
def test_marks_on_the_phantom_do_not_depend_on_an_audit(audit):
    marks = [Overlap(dataset="rsna", mark="clean")]
    assert with_audit(marks, audit, "phantom") == marks


def test_an_audit_of_another_dataset_or_track_says_nothing():
    marks = [Overlap(dataset="rsna", mark="clean")]
    assert with_audit(marks, report(50, dataset="siim"), "public") == marks
    assert with_audit(marks, report(50, "phantom"), "public") == marks


def test_texts_give_counts_by_split_and_mark_the_phantom():
    texts = audit_texts(report(3, "phantom"))
    assert texts["rsna (phantom)"] == "near copies: train 0/900, test 3/100"
