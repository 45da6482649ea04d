"""What a run record may say, by schema: nothing absurd, nothing that moves a terminal, nothing of a later schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from lovt_bench.benchmark.contract.made_with import MadeWith
from lovt_bench.benchmark.contract.record_file import read_record_file
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.engine.records import append_record, load_records, results_path
from lovt_bench.leaderboard.board.records import read_records
from tests.benchmark.contract.made import made_with
from tests.leaderboard.records import record, write

GPU = "NVIDIA A100"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("threads", 0),
        ("threads", 10**9),
        ("threads", True),
        ("steps", -1),
        ("skipped_steps", 13),
        ("skipped_steps", float("nan")),
        ("peak_host_bytes", 10**18),
        ("peak_host_bytes", float("inf")),
        ("processor", ""),
        ("processor", "AMD\x1b[2Jgone"),
        ("instruction_set", "AVX2\nAVX512"),
        ("torch", "2.9 \u202erorrim"),
        ("torch", "2" * 121),
        ("math_libraries", {"mkl": "\x00"}),
        ("math_libraries", {f"m{index}": "1" for index in range(9)}),
        ("device_kind", "tpu"),
        ("energy_source", "guessed"),
        ("hostname", "node-17"),
    ],
)
def test_what_made_a_run_is_refused_where_it_is_absurd_or_hostile(field, value):
    line = json.dumps({**json.loads(made_with().to_json()), field: value})
    with pytest.raises(ValidationError, match=field):
        MadeWith.model_validate_json(line, strict=True)


@pytest.mark.parametrize("energy", ["NaN", "Infinity", "-1", "1e300"])
def test_an_energy_that_no_run_takes_is_no_record(tmp_path, energy):
    path = results_path(tmp_path, "phantom", "random", "covid_linear")
    write(tmp_path / "results", [record(seed=1), record(seed=2, energy_joules=5.0)])
    path.write_text(path.read_text().replace('"energy_joules":5.0', f'"energy_joules":{energy}'))
    found = read_record_file(path)
    assert len(found.records) == 1
    assert [(one.kind, one.line) for one in found.complaints] == [("bad", 2)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 2, "made_with": None}, "made_with belongs into a record of schema 2"),
        ({"schema_version": 1, "made_with": made_with()}, "into none of schema 1"),
        ({"device": GPU, "made_with": made_with()}, "made_with says cpu"),
        ({"device": "cpu", "made_with": made_with(GPU)}, "made_with says cuda"),
        ({"schema_version": 1, "grid_edge": "lowest"}, "grid_edge belongs into final runs"),
        ({"phase": "tune", "grid_edge": "lowest"}, "grid_edge belongs into final runs"),
    ],
)
def test_a_record_contradicts_neither_its_schema_nor_its_device(changes, message):
    with pytest.raises(ValidationError, match=message):
        record(**changes)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A results folder with a record of each schema, one of a later harness between them."""
    write(tmp_path / "results", [record(seed=1, schema_version=1), record(seed=2), record(seed=3)])
    path = results_path(tmp_path, "phantom", "random", "covid_linear")
    first, second, third = path.read_text().splitlines(keepends=True)
    later = second.replace('"schema_version":2', '"schema_version":3,"of_the_future":{"a":1}')
    path.write_text(first + later + third)
    return path


def test_a_record_of_a_later_schema_costs_no_other_and_is_named_in_one_sentence(shared):
    found = read_records(shared.parents[2])
    assert [one.run.seed for one in found.records] == [1, 3]
    (note,) = found.notes
    assert note.startswith("phantom/random/covid_linear.jsonl, line 2: a run record of schema 3; ")
    assert "update lovt-bench" in note
    assert not found.files[0].bad


def test_an_evaluation_refuses_a_later_schema_and_never_asks_to_remove_its_line(shared):
    with pytest.raises(ValueError, match=r"covid_linear\.jsonl, line 2: a run record of schema 3") as raised:
        load_records(shared)
    assert "Update lovt-bench" in str(raised.value)
    assert "Remove" not in str(raised.value)
    before = shared.read_bytes()
    append_record(shared, record(seed=4))
    assert shared.read_bytes().startswith(before)


def test_both_schemas_are_read_from_one_file_and_an_old_harness_sees_a_schema_it_does_not_know(tmp_path):
    path = results_path(tmp_path, "phantom", "random", "covid_linear")
    old, new = record(seed=1, schema_version=1), record(seed=2)
    assert append_record(path, old)
    assert append_record(path, new)
    assert list(load_records(path).values()) == [old, new]
    first, second = map(json.loads, path.read_text().splitlines())
    # Schema 1 asks for the number 1 and forbids fields that it does not name.
    assert (first["schema_version"], second["schema_version"]) == (1, 2)
    assert set(second) - set(first) == {"made_with"}
    assert RunRecord.model_validate(first).made_with is None
