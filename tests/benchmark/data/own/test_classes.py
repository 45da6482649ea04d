"""Names of classes: what tables, metrics and files can hold."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.own.classes import class_names


def test_names_keep_letters_of_every_script() -> None:
    texts = ["Lung opacity", "Pleural thickening/effusion ", "Рак", "<b>x</b>"]
    assert class_names(texts, "f") == ("Lung_opacity", "Pleural_thickening_effusion", "Рак", "b_x_b")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "expected 1 to 100 classes, found 0"),
        (["x"] * 101, "expected 1 to 100 classes, found 101"),
        (["a b", "a-b"], "two classes come to the name a_b"),
        (["---"], "cannot be the name of a class"),
        (["avg"], "cannot be the name of a class"),
        (["x", "x pos"], "'x pos' reads like a metric of another class"),
    ],
)
def test_names_that_tell_nothing_apart_are_refused(texts: list[str], message: str) -> None:
    """`avg_dice` is the mean over classes, `x_pos_dice` the Dice of `x` over its positives."""
    with pytest.raises(DataError, match=message):
        class_names(texts, "f")
