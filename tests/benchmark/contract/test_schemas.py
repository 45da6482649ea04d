"""The JSON Schemas on disk are those of the models."""

from __future__ import annotations

import json

import jsonschema
import pytest

from lovt_bench.benchmark.contract.run_contract import RunParameters
from lovt_bench.benchmark.contract.schemas import FOLDER, schema_text, schemas


@pytest.mark.parametrize("name", schemas())
def test_a_schema_is_current(name: str):
    advice = "python -m lovt_bench.benchmark.contract.schemas writes them"
    assert (FOLDER / name).read_text(encoding="utf-8") == schema_text(schemas()[name]), advice


def test_there_are_no_others():
    assert {path.name for path in FOLDER.glob("*.json")} == set(schemas())


def test_a_schema_says_what_an_event_is():
    check = jsonschema.Draft202012Validator(json.loads((FOLDER / "event.json").read_text()))
    assert check.is_valid({"event": "epoch", "epoch": 3, "values": {"loss": 0.1}})
    assert not check.is_valid({"event": "epoch", "epoch": "three"})


def test_parameters_travel_as_environment():
    parameters = RunParameters(
        name="toy", seed=3, fraction=0.3, profile="demo", variant="30", device="cpu", time_limit=1.5,
        settings={"b": None, "a": [1, "x"]}, resume=True,
    )  # fmt: skip
    found = parameters.environment(threads=2)
    assert {key.removeprefix("LOVT_BENCH_"): value for key, value in found.items() if "LOVT" in key} == {
        "CONTRACT": "1", "EVENTS": "json", "NAME": "toy", "SEED": "3", "FRACTION": "0.3", "PROFILE": "demo",
        "VARIANT": "30", "DEVICE": "cpu", "TIME_LIMIT": "1.5", "SETTINGS": '{"a": [1, "x"], "b": null}', "RESUME": "1",
    }  # fmt: skip
    assert found["OMP_NUM_THREADS"] == "2"
    assert "LOVT_BENCH_RESUME" not in parameters.model_copy(update={"resume": False}).environment(1)
