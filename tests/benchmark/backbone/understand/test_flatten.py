"""Nested content becomes dotted names, within bounds."""

from __future__ import annotations

import pytest
import torch

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand import flatten as module
from lovt_bench.benchmark.backbone.understand.flatten import DEPTH_LIMIT, NAME_LIMIT, flatten

ONE = torch.ones(1)


def test_names_follow_the_nesting() -> None:
    found = flatten({"a": {"b.c": ONE, 3: [ONE, {"d": ONE}]}, "epoch": 4, "e": None})
    assert list(found.tensors) == ["a.b.c", "a.3.0", "a.3.1.d"]
    assert found.notes == ()


def test_wrappers_are_left_out_of_names_wherever_they_stand() -> None:
    found = flatten({"_orig_mod.layer1._fsdp_wrapped_module.0.weight": ONE})
    assert list(found.tensors) == ["layer1.0.weight"]
    assert "without the wrappers" in found.notes[0]


def test_what_is_passed_over_is_counted() -> None:
    deep: object = ONE
    for _ in range(DEPTH_LIMIT + 2):
        deep = {"d": deep}
    found = flatten({"a": ONE, None: ONE, b"x": ONE, 1 << 99: ONE, "n" * (NAME_LIMIT + 1): ONE, "deep": deep})
    assert list(found.tensors) == ["a"]
    assert [note.split(" of ")[0].split(" whose")[0] for note in found.notes] == [
        "passed over 1 names",
        "passed over 3 entries",
        "passed over 1 dictionaries nested deeper than 16",
    ]


def test_circles_and_shared_parts_end() -> None:
    circle: dict[str, object] = {"a": ONE}
    circle["again"] = circle
    assert list(flatten(circle).tensors) == ["a"]
    laughs: object = {"x": ONE}
    for _ in range(12):
        laughs = [laughs] * 100
    assert list(flatten(laughs).tensors) == [".".join(["0"] * 12 + ["x"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "holds no tensors"),
        ({"a": {"b": 3}}, "holds no tensors"),
        (ONE, "one tensor without a name"),
        (7, "the file holds int, expected a state dict"),
        ({"a": {"b": ONE}, "a.b": ONE}, r"two tensors are named a\.b"),
        ({1: ONE, "1": ONE}, "two tensors are named 1"),
    ],
)
def test_what_is_no_state_dict_is_named(content: object, message: str) -> None:
    with pytest.raises(BackboneError, match=message):
        flatten(content)


def test_numbers_of_entries_and_tensors_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TENSOR_LIMIT", 5)
    monkeypatch.setattr(module, "ENTRY_LIMIT", 50)
    with pytest.raises(BackboneError, match="more than 5 tensors"):
        flatten({str(k): ONE for k in range(6)})
    with pytest.raises(BackboneError, match="more than 50 entries"):
        flatten([0] * 51)
