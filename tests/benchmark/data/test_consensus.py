"""What several readers agree on, against the rule written out in plain floats."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.benchmark.data.consensus import AgreedBox, ReadBox, agreed_boxes

Box = tuple[float, float, float, float]


def plain_iou(one: Box, other: Box) -> float:
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def plain_mean(group: list[ReadBox]) -> Box:
    x, y, w, h = (sum(one.box[side] for one in group) / len(group) for side in range(4))
    return x, y, w, h


def plain_rule(read: list[ReadBox]) -> set[frozenset[int]]:
    """Return the rows of each agreed box: join the pair of groups that overlaps most until none may be joined."""
    groups = [[one] for one in read]
    while True:
        pairs = [
            (plain_iou(plain_mean(one), plain_mean(other)), one, other)
            for one, other in combinations(groups, 2)
            if not {each.reader for each in one} & {each.reader for each in other}
        ]
        best = max((pair for pair in pairs if pair[0] >= 0.4), key=lambda pair: pair[0], default=None)
        if best is None:
            return {frozenset(one.row for one in group) for group in groups if len(group) >= 2}
        groups = [group for group in groups if group is not best[1] and group is not best[2]]
        groups.append(best[1] + best[2])


places = st.floats(0, 30).map(lambda number: round(number, 3))
sides = st.floats(5, 25).map(lambda number: round(number, 3))


@given(st.lists(st.tuples(st.sampled_from("ABC"), places, places, sides, sides), max_size=8))
def test_it_is_the_rule(drawn: list[tuple[str, float, float, float, float]]) -> None:
    read = [ReadBox(who, row, (x, y, w, h)) for row, (who, x, y, w, h) in enumerate(drawn)]
    found = agreed_boxes(read)
    overlaps = [plain_iou(one.box, other.box) for one, other in combinations(read, 2)]
    if len(set(overlaps)) == len(overlaps):  # of equal ones the order of rows decides
        assert {frozenset(one.rows) for one in found} == plain_rule(read)
    for one in found:
        members = [read[row] for row in one.rows]
        assert one.box == pytest.approx(plain_mean(members))
        assert len({member.reader for member in members}) == len(members)


def test_the_mean_of_three_and_nothing_of_one() -> None:
    boxes: list[Box] = [(10, 10, 20, 20), (12, 10, 20, 20), (11, 13, 20, 20), (60, 60, 9, 9)]
    read = [ReadBox(who, row, box) for row, (who, box) in enumerate(zip("ABCA", boxes, strict=True))]
    assert agreed_boxes(read) == [AgreedBox((0, 1, 2), (11.0, 11.0, 20.0, 20.0))]


def test_two_boxes_of_one_reader_are_two_findings() -> None:
    read = [ReadBox("A", 1, (10, 10, 20, 20)), ReadBox("A", 2, (11, 10, 20, 20))]
    assert agreed_boxes(read) == []
    (found,) = agreed_boxes([*read, ReadBox("B", 3, (12, 10, 20, 20))])
    assert set(found.rows) == {2, 3}


@pytest.mark.parametrize(("width", "boxes"), [(40.0, 1), (39.9, 0)])
def test_at_the_threshold_they_agree(width: float, boxes: int) -> None:
    """A box of 100 within another of 40 percent of its area, and of a little less."""
    read = [ReadBox("A", 1, (0, 0, 100, 100)), ReadBox("B", 2, (0, 0, width, 100))]
    assert len(agreed_boxes(read)) == boxes
