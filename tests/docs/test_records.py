"""docs/records.md names every field of a record, and its example is one but for shortened digests."""

from __future__ import annotations

import json
import re

from lovt_bench.benchmark.contract.made_with import MadeWith
from lovt_bench.benchmark.contract.prediction_file import prediction_file
from lovt_bench.benchmark.contract.run_record import RunKey, RunRecord
from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "records.md").read_text(encoding="utf-8")


def test_every_field_is_named() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    assert {*RunRecord.model_fields, *MadeWith.model_fields} <= named


def test_the_example_is_a_record() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    example = json.loads(re.sub(r'"([0-9a-f]{8})…"', lambda match: f'"{match[1]:0<64}"', text))
    assert set(example) == set(RunRecord.model_fields)
    # Digests are shortened on the page, and what is made of them with them.
    key = RunKey(**example["run"]).key()
    kept = example["predictions"] | {"file": prediction_file(example["run"]["task"], key)}
    RunRecord.model_validate(example | {"key": key, "predictions": kept})
