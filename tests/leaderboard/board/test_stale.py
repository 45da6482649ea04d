"""A row is stale when what it rests on is another one here now; what is not known says nothing."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.contract.leaderboard import Table
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.board.stale import Current, CurrentStore
from lovt_bench.leaderboard.show.as_latex import as_latex
from lovt_bench.leaderboard.show.as_markdown import as_markdown
from tests.leaderboard.records import TASKS, digest, record_set
from tests.leaderboard.sources import two_rows

OTHER = digest("another")


def table(current: Current) -> Table:
    return build(record_set(two_rows()), [], tuple(TASKS.values()), current=current).tables[0]


def stale(current: Current) -> dict[str, list[str]]:
    return {row.id: row.stale for row in table(current).rows}


@pytest.mark.parametrize(
    ("current", "word"),
    [
        (Current(protocols={"lovt-2022": OTHER}), "Protocol lovt-2022 has changed"),
        (Current(profiles={"demo": OTHER}), "Profile demo has changed"),
        (Current(tasks={"demo": {"covid_linear": OTHER}}), "Task covid_linear has changed"),
        (
            Current(datasets={"rsna": CurrentStore(track="phantom", splits="seeded", sha256=OTHER)}),
            "Dataset rsna has changed",
        ),
    ],
)
def test_what_all_rows_rest_on_makes_all_stale(current: Current, word: str) -> None:
    for sentences in stale(current).values():
        (sentence,) = sentences
        assert sentence.startswith(word)
        assert OTHER[:8] in sentence


def test_a_backbone_trained_anew_makes_its_own_row_stale() -> None:
    found = stale(Current(backbones={"random": OTHER, "imagenet": digest("imagenet")}))
    assert found["imagenet"] == []
    assert found["random"] == [
        f"The backbone has changed since: the runs used {digest('random')[:8]}, here it is {OTHER[:8]}."
    ]


def test_formats_without_a_mark_tell_it_in_a_note() -> None:
    both = table(Current(protocols={"lovt-2022": OTHER})).notes
    assert [note for note in both if note.startswith("Stale: imagenet, random. Protocol lovt-2022 has")]
    one = table(Current(backbones={"random": OTHER}))
    assert [note.split(" has")[0] for note in one.notes if "tale" in note] == ["Stale: random. The backbone"]
    board = build(
        record_set(two_rows()), [], tuple(TASKS.values()), current=Current(backbones={"random": OTHER})
    )
    assert "Stale: random" in as_markdown(board)
    assert r"random\textsuperscript{s} &" in as_latex(board)
    assert r"imagenet &" in as_latex(board)


@pytest.mark.parametrize(
    "current",
    [
        Current(),
        Current(
            protocols={"lovt-2022": digest("lovt-2022"), "other": OTHER},
            profiles={"demo": digest("demo"), "paper": OTHER},
            tasks={"paper": {"covid_linear": OTHER}, "demo": {"object_frozen_100": OTHER}},
            datasets={"rsna": CurrentStore(track="phantom", splits="seeded", sha256=digest("rsna"))},
            backbones={"somebody": OTHER},
        ),
        Current(
            datasets={
                "rsna": CurrentStore(track="public", splits="official", sha256=OTHER),
                "covid-rural": CurrentStore(track="phantom", splits="official", sha256=OTHER),
            }
        ),
    ],
    ids=["nothing known", "all as before", "a store of another track or other splits"],
)
def test_what_is_equal_or_unknown_is_not_stale(current: Current) -> None:
    assert stale(current) == {"imagenet": [], "random": []}


def test_published_rows_rest_on_nothing_here() -> None:
    current = Current(protocols={"lovt-2022": OTHER}, profiles={"paper": OTHER})
    board = build(record_set([]), load_published(), tuple(TASKS.values()), current=current)
    assert not any(row.stale for row in board.tables[0].rows)
