"""A declaration says what it says: nothing is converted, numbers are numbers, settings are JSON values."""

from __future__ import annotations

import datetime
import json

import pytest
from pydantic import ValidationError

from lovt_bench.benchmark.contract.submission import ClaimedNumber, Submission

FIELDS = {"name": "mine", "display_name": "Mine", "supervision": "self"}


@pytest.mark.parametrize(
    "value", [True, "0.5", "12", float("nan"), float("inf"), 1e308, -0.1, 1.0000001, 46.3, [0.5], None]
)
@pytest.mark.parametrize("field", ["value", "interval95"])
def test_a_claim_is_a_number_from_0_to_1(field: str, value: object) -> None:
    if field == "interval95" and value is None:
        return
    with pytest.raises(ValidationError):
        Submission.model_validate({**FIELDS, "claimed": {"covid_linear": {"value": 0.5, field: value}}})


@pytest.mark.parametrize("value", [0, 1, 0.0, 0.463])
def test_plain_claims_are_taken(value: float) -> None:
    assert ClaimedNumber.model_validate({"value": value, "interval95": value}).value == value


@pytest.mark.parametrize(
    "value",
    [
        datetime.date(2020, 1, 1),
        b"x",
        {1, 2},
        float("nan"),
        float("-inf"),
        {"a": [float("inf")]},
        {1: 2},
        (1,),
        1j,
    ],
    ids=repr,
)
@pytest.mark.parametrize("where", ["variants", "profiles"])
def test_a_setting_is_a_json_value(where: str, value: object) -> None:
    settings = {"variants": {"30": {"settings": {"a": value}}}, "profiles": {"demo": {"a": value}}}
    with pytest.raises(ValidationError):
        Submission.model_validate({**FIELDS, where: settings[where]})


def test_json_settings_come_out_as_they_went_in() -> None:
    settings = {"a": [1, 2.5, None, True, "x"], "b": {"c": {}}}
    submission = Submission.model_validate({**FIELDS, "variants": {"30": {"settings": settings}}})
    assert json.loads(json.dumps(submission.variants["30"].settings, allow_nan=False)) == settings


@pytest.mark.parametrize(
    "changes",
    [
        {"variants": {"30": {"fraction": True}}},
        {"variants": {"30": {"fraction": "0.3"}}},
        {"weights": {"file": "a", "sha256": "a" * 64, "bytes": True, "architecture": "resnet50"}},
        {"weights": {"file": "a", "sha256": "a" * 64, "bytes": "5", "architecture": "resnet50"}},
        {"name": "mine.verdict"},
        {"name": "nul"},
    ],
)
def test_other_fields_convert_nothing_either(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Submission.model_validate({**FIELDS, **changes})
