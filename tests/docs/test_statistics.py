"""docs/statistics.md lists every sentence of the board with what it is a sentence about."""

from __future__ import annotations

import re

from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.published import load_published
from lovt_bench.leaderboard.board.replication import sentences
from lovt_bench.leaderboard.show.comparison import summary
from lovt_bench.leaderboard.statistics.pairs import compare
from lovt_bench.leaderboard.statistics.statements import SCOPE
from tests.conftest import REPOSITORY
from tests.leaderboard.records import TASKS, record_set, runs
from tests.leaderboard.synthetic_board import synthetic_records

PAGE = (REPOSITORY / "docs" / "statistics.md").read_text(encoding="utf-8")


def listed() -> dict[str, str]:
    """Return what the page says a sentence is about, by the sentence: single letters, ROW and … stand for anything."""
    rows = PAGE.split("| sentence of the board | estimand | test |\n")[1].split("\n\n")[0].splitlines()[1:]
    found: dict[str, str] = {}
    for row in rows:
        first, about, _ = (cell.strip() for cell in row.strip("|").split(" | "))
        found |= dict.fromkeys(re.findall(r"\*([^*]+)\*", first), about)
    return found


def pattern(sentence: str) -> re.Pattern[str]:
    words = re.escape(sentence).replace("…", ".*")
    return re.compile(re.sub(r"\b(?:[A-Zkmn]|ROW)\b", ".+", words))


def test_every_sentence_is_listed_and_has_an_estimand() -> None:
    records = [
        *synthetic_records(12),
        *runs("m-000", "object_frozen_100", [0.3, 0.3, 0.4], profile="small"),
        *runs("m-001", "object_frozen_100", [0.2, 0.3, 0.4], profile="small"),
    ]
    board = build(record_set(records), load_published(), list(TASKS.values()))
    said = list(sentences(board))
    for table in board.tables:
        if table.analysis:
            said += table.analysis.statements
            first, second = (row.id for row in table.rows[:2])
            said += summary(table, compare(table, first, second), first, second)
    said = [sentence for sentence in said if sentence != SCOPE]
    assert any("diverged" in sentence for sentence in said)
    assert any("repeat a value" in sentence for sentence in said)
    known = {pattern(sentence): about for sentence, about in listed().items()}
    assert [sentence for sentence in said if not any(each.search(sentence) for each in known)] == []
    assert {re.split(r"[^a-z]", about)[0] for about in known.values()} == {"a", "b", "c", "none", "another"}
