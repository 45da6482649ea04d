"""Wrong fields are named with what was expected, what was found and what was meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from lovt_bench.benchmark.contract.backbone import BackboneManifest
from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.fields import field_problems
from lovt_bench.benchmark.contract.submission import Submission

GOOD = {"name": "mine", "display_name": "Mine", "supervision": "self"}


class Cat(Model):
    kind: Literal["cat"]
    whiskers: int = 0


class Dog(Model):
    kind: Literal["dog"]
    tail_length: int = 0


class Zoo(Model):
    by_name: dict[str, Annotated[Cat | Dog, Field(discriminator="kind")]] = {}
    cages: list[Cat] = []


def problems(fields: Mapping[str, object], model: type[BaseModel] = Submission) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(fields)
    return field_problems(caught.value, model)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"displayname": "x"}, "displayname: there is no such field (did you mean display_name?)"),
        ({"Licence": "x"}, "Licence: there is no such field (did you mean licence?)"),
        (
            {"variants": {"a": {"setings": {}}}},
            "variants.a.setings: there is no such field (did you mean settings?)",
        ),
        (
            {"variants": {"a": {"zzz": {}}}},
            "variants.a.zzz: there is no such field; known: description, fraction, published, settings",
        ),
        (
            {"weights": {"file": "a", "sha256": "0" * 64, "bytes": 1, "architecture": "a", "adress": 1}},
            "weights.adress: there is no such field; known: file, sha256, bytes, url, architecture, backbone_sha256",
        ),
        (
            {"claimed": {"covid_linear": {"value": 0.1, "interval": 1}}},
            "claimed.covid_linear.interval: there is no such field (did you mean interval95?)",
        ),
        (
            {"supervision": "selff"},
            "supervision: Input should be 'none', 'general', 'labels', 'self', 'text', 'control' or 'unknown', found "
            "'selff' (did you mean self?)",
        ),
        (
            {"profiles": {"dmo": {}}},
            "profiles.dmo.[key]: Input should be 'demo', found 'dmo' (did you mean demo?)",
        ),
        (
            {"variants": {"a": {"fraction": 2.0}}},
            "fraction: Input should be less than or equal to 1, found 2.0",
        ),
    ],
)
def test_a_wrong_field_of_a_submission(fields: dict[str, object], said: str) -> None:
    (found,) = problems({**GOOD, **fields})
    assert found.endswith(said)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"by_name": {"tom": {"kind": "cat", "wiskers": 1}}}, "did you mean whiskers?"),
        ({"by_name": {"rex": {"kind": "dog", "tail-lenght": 1}}}, "did you mean tail_length?"),
        (
            {"cages": [{"kind": "cat", "wisker": 1}]},
            "cages.0.wisker: there is no such field (did you mean whiskers?)",
        ),
    ],
)
def test_fields_are_known_within_lists_mappings_and_unions(fields: dict[str, object], said: str) -> None:
    (found,) = problems(fields, Zoo)
    assert said in found


def test_a_missing_field_is_no_found_value_and_the_whole_file_is_called_so() -> None:
    assert problems({"name": "mine"}) == ["display_name: Field required", "supervision: Field required"]
    both = {**GOOD, "corpus": "images", "module": "submissions.mine.pretrain"}
    assert problems(both) == ["file: a method that learns from a corpus names at least one variant"]


def test_a_hundred_thousand_wrong_fields_are_five_and_a_count() -> None:
    """Each is compared with the known names: all of them would take a minute."""
    found = problems({f"field{number}": 1 for number in range(100_000)}, BackboneManifest)
    assert len(found) == 6
    assert found[-1].startswith("and 10000")


def test_names_and_values_of_a_stranger_are_cut_and_cannot_steer_a_terminal() -> None:
    odd = "\x1b[2J\u202e" + 5000 * "x"
    found = problems({**GOOD, odd: 1, "supervision": odd})
    assert all(each.isprintable() and len(each) < 500 for each in found)
