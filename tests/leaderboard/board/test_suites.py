"""What counts on the board follows a suite: tasks beside it change nothing, smaller suites rank their own rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lovt_bench.benchmark.contract.leaderboard import Leaderboard, Table
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.suite import Suite
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.show.as_csv import as_csv
from lovt_bench.leaderboard.show.as_markdown import as_markdown
from lovt_bench.leaderboard.show.page.core import core
from tests.leaderboard.records import TASKS, digest, record_set, runs

NAMED = {"protocol_sha256": digest("lovt-2022"), "profile_sha256": digest("demo")}
EXPECTED = {(digest("lovt-2022"), digest("demo")): 2}
MAIN = ("covid_linear", "rsna_frozen_1", "pneumothorax_unet_frozen_100")
SUITES = (
    Suite(name="main", title="Main", tasks=list(MAIN)),
    Suite(name="main-without-siim", title="Main without SIIM", tasks=list(MAIN[:2])),
)
EXTRA = "nih_seg_linear"
"""Stands for a task that came later."""


def rows(names: str, tasks: Iterable[str], **changes: object) -> list[RunRecord]:
    return [
        item
        for place, name in enumerate(names)
        for task in tasks
        for item in runs(name, task, [0.1 * (place + 1), 0.1 * (place + 1) + 0.01], **changes)
    ]


def built(records: Sequence[RunRecord], suites: Sequence[Suite] = SUITES) -> Leaderboard:
    return build(record_set(records), [], list(TASKS.values()), {}, EXPECTED, suites=suites)


def ranked(table: Table) -> dict[str, float | None]:
    return {row.id: row.mean_rank for row in table.rows}


def test_a_task_beside_the_suite_changes_nothing_in_its_table_and_has_a_table_of_its_own() -> None:
    """Also where its runs are of another backbone and of another image store, which would else be chosen."""
    before = built(rows("ab", MAIN))
    late = rows("a", [EXTRA], backbone_sha256=digest("newer"), finished="2027-01-01T00:00:00Z")
    more = [*rows("ab", MAIN), *late, *rows("b", [EXTRA])]
    after = built(more)
    (old,), (same, further) = before.tables, after.tables
    assert same == old
    assert ranked(same) == {"b": 1.0, "a": 2.0}
    assert [column.task for column in further.columns] == [EXTRA]
    assert further.suite == "further-tasks"
    assert "These tasks count in no other table" in further.statement
    assert further.id.endswith("-further-tasks")


def test_without_suites_a_task_more_takes_the_rank_away() -> None:
    """What this is for: versions from before there were suites are rebuilt so."""
    (table,) = built([*rows("ab", MAIN), *rows("b", [EXTRA])], suites=()).tables
    assert ranked(table) == {"b": 1.0, "a": None}


def test_a_row_ranks_in_every_suite_that_it_completes() -> None:
    """`c` has no SIIM: it has no rank in the main table, and one among all rows that have the rest."""
    main, smaller = built([*rows("ab", MAIN), *rows("abc", MAIN[:2])[-4:]]).tables
    assert ranked(main) == {"b": 1.0, "a": 2.0, "c": None}
    assert ranked(smaller) == {"c": 1.0, "b": 2.0, "a": 3.0}
    assert [column.task for column in smaller.columns] == list(MAIN[:2])
    assert smaller.suite == "main-without-siim"
    assert smaller.analysis is not None
    assert "best on 2 of 2 tasks" in smaller.analysis.statements[0]


def test_rows_that_do_not_complete_a_smaller_suite_are_not_in_its_table() -> None:
    records = [*rows("ab", MAIN), *rows("abc", MAIN[:2])[-4:], *rows("d", MAIN[:1])]
    assert set(ranked(built(records).tables[1])) == {"a", "b", "c"}


def test_a_smaller_suite_says_nothing_where_all_its_rows_are_ranked_already() -> None:
    assert len(built(rows("ab", MAIN)).tables) == 1
    assert len(built(rows("ab", MAIN[:2])).tables) == 1
    assert len(built([*rows("ab", MAIN), *rows("c", MAIN[:1])]).tables) == 1


def test_a_larger_suite_has_a_table_as_soon_as_a_row_completes_it() -> None:
    larger = Suite(name="larger", title="Larger", tasks=[*MAIN, EXTRA])
    records = [*rows("ab", MAIN), *rows("b", [EXTRA])]
    _, further, table = built(records, (*SUITES, larger)).tables
    assert ranked(table) == {"b": 1.0}
    assert [column.task for column in table.columns] == [*MAIN, EXTRA]
    assert [column.task for column in further.columns] == [EXTRA]


def test_own_data_stand_in_a_table_of_their_own_and_in_no_other() -> None:
    """Their track is one of its own; where a row is not complete, its tasks are among the further ones as well."""
    mine = Suite(name="mine", title="City hospital", tasks=[EXTRA, "object_seg_linear_100"])
    records = [*rows("ab", MAIN), *rows("ab", mine.tasks, track="own")]
    board = built(records, (*SUITES, mine))
    phantom, table = sorted(board.tables, key=lambda one: one.track, reverse=True)
    assert {column.task for column in phantom.columns} == set(MAIN)
    assert (table.id, ranked(table)) == ("own-seeded-demo-lovt-2022-mine", {"b": 1.0, "a": 2.0})
    assert table.title.startswith("Own data, seeded splits")
    assert "nobody else can repeat these numbers" in table.statement
    (tab,) = [one for one in core(board)["tables"] if one["id"] == table.id]
    assert (tab["section"], tab["short"]) == ("own", "Own data · demo, seeded splits · mine")
    assert "own data" in as_markdown(board)
    begun = built([*records, *rows("c", [EXTRA], track="own")], (*SUITES, mine)).tables
    assert {one.suite: set(ranked(one)) for one in begun if one.track == "own"} == {
        "mine": {"a", "b"},
        "further-tasks": {"a", "b", "c"},
    }


def test_columns_stand_in_the_order_of_the_suite() -> None:
    turned = Suite(name="turned", title="Turned", tasks=list(reversed(MAIN)))
    assert [column.task for column in built(rows("a", MAIN), (turned,)).tables[0].columns] == turned.tasks


def test_tables_of_one_group_are_told_apart_wherever_they_are_named() -> None:
    long = Suite(name="main-" + "x" * 59, title="Long", tasks=list(MAIN[:1]))
    twin = Suite(name="main-" + "x" * 58 + "y", title="Twin", tasks=list(MAIN[:1]))
    records = [*rows("ab", MAIN), *rows("c", MAIN[:2]), *rows("a", [EXTRA])]
    board = built(records, (*SUITES, long, twin))
    for said in ([table.id for table in board.tables], [table.title for table in board.tables]):
        assert len(set(said)) == len(said) == 5
    assert len({table["short"] for table in core(board)["tables"]}) == 5
    page, lines = as_markdown(board), as_csv(board)
    for table in board.tables:
        assert f"`{table.id}`" in page
        assert f"\n{table.id}," in lines


def test_order_and_name_of_records_change_nothing() -> None:
    records = [*rows("ab", MAIN), *rows("c", MAIN[:2]), *rows("a", [EXTRA])]
    assert built(records).to_json() == built(records[::-1]).to_json()
