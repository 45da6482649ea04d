"""Settings are merged in order; a wrong one names where it came from."""

from __future__ import annotations

from typing import Any

import pytest

from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.settings import TrainingSettings, build_settings, parse_assignments


def test_later_layers_win() -> None:
    settings = build_settings(
        TrainingSettings,
        [("variant 30", {"learning_rate": 1e-5, "batch_size": 8}), ("--set", {"learning_rate": 1e-3})],
    )
    assert (settings.learning_rate, settings.batch_size) == (1e-3, 8)
    assert settings.max_epochs == TrainingSettings().max_epochs


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=3e-4", 3e-4),
        ("a=true", True),
        ("a=null", None),
        ("a=resnet18", "resnet18"),
        ("a=x=y", "x=y"),
        ("a=", ""),
        ("a=[1, 2]", [1, 2]),
    ],
)
def test_values_are_json_or_text(text: str, value: object) -> None:
    assert parse_assignments([text]) == {"a": value}


@pytest.mark.parametrize("text", ["a", "=1", "1a=2", "a b=1"])
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="expected key=value"):
        parse_assignments([text])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rat": 1}, "--set: there is no setting 'learning_rat'.*learning_rate"),
        ({"batch_size": 1}, "--set: batch_size=1: .*greater than or equal to 2"),
        ({"learning_rate": "fast"}, "--set: learning_rate='fast'"),
        ({"schedule": "cyclic"}, "'cosine_per_epoch', 'plateau'"),
        ({"learning_rate": float("nan")}, "--set: learning_rate=nan"),
        ({"image_side": 100}, "multiple of 32"),
    ],
)
def test_wrong_values_say_what_was_expected(values: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        build_settings(TrainingSettings, [("--set", values)])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"warmup_epochs": 3}, "warmup_epochs=3 would change nothing.*add --set schedule=warmup_cosine$"),
        ({"warmup_epochs": 3, "schedule": "cosine"}, "found rate_every=epoch and schedule=cosine"),
        ({"final_rate": 1e-6, "schedule": "warmup_cosine"}, "add --set rate_every=step$"),
        ({"plateau_patience": 3}, "add --set schedule=plateau$"),
    ],
)
def test_a_change_that_nothing_reads_is_refused(values: dict, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        build_settings(TrainingSettings, [("--set", values)])


def test_what_a_method_says_of_another_schedule_is_kept_for_it() -> None:
    variant: dict[str, Any] = {"warmup_epochs": 5}
    given: dict[str, Any] = {"warmup_epochs": 0, "schedule": "constant"}
    layers = [("variant 100", variant), ("profile demo", {})]
    assert build_settings(TrainingSettings, layers).warmup_epochs == 5
    assert build_settings(TrainingSettings, [*layers, ("--set", given)]).warmup_epochs == 0
