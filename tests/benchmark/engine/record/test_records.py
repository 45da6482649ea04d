"""Run records on disk: nothing half-written counts, nothing finished is lost."""

import errno
import os
from hashlib import sha256

import pytest
from pydantic import ValidationError

from lovt_bench.benchmark.contract.prediction_file import prediction_file
from lovt_bench.benchmark.contract.run_record import RunKey, RunRecord
from lovt_bench.benchmark.engine.plan.recorded import load_records, results_path
from lovt_bench.benchmark.engine.record import records
from lovt_bench.benchmark.engine.record.records import append_record, sweep_predictions
from tests.benchmark.contract.made import made_with
from tests.benchmark.disk.room import room_for


def record(seed: int = 12345, **changes: object) -> RunRecord:
    key = RunKey(
        task="covid_linear",
        backbone_sha256="a" * 64,
        dataset_sha256="b" * 64,
        task_sha256="c" * 64,
        protocol="lovt-2022",
        protocol_sha256="d" * 64,
        profile="demo",
        profile_sha256="e" * 64,
        engine="fast",
        phase="final",
        learning_rate=0.01,
        seed=seed,
    )
    fields = {
        "key": key.key(),
        "run": key,
        "submission": "random",
        "track": "phantom",
        "splits": "seeded",
        "device": "cpu",
        "precision": "float32",
        "made_with": made_with(),
        "status": "ok",
        "monitor": "opacity_dice",
        "metric": "opacity_dice",
        "validation": {"opacity_dice": 0.25},
        "test": {"opacity_dice": 0.2},
        "best_epoch": 1,
        "epochs": 3,
        "train_images": 32,
        "validation_images": 12,
        "test_images": 24,
        "seconds": 1.5,
        "finished": "2026-01-01T00:00:00+00:00",
    }
    return RunRecord.model_validate(fields | changes)


@pytest.fixture
def path(tmp_path):
    return results_path(tmp_path, "phantom", "random", "covid_linear")


def test_what_is_appended_is_read_back(path):
    written = [record(seed) for seed in (1, 2, 3)]
    for one in written:
        append_record(path, one)
    assert list(load_records(path).values()) == written


def test_a_line_that_a_killed_process_left_half_is_ignored_and_then_removed(path):
    append_record(path, record(1))
    with path.open("ab") as file:
        file.write(b'{"schema_version":1,"key":"abc')
    assert len(load_records(path)) == 1
    append_record(path, record(2))
    assert len(load_records(path)) == 2
    assert path.read_bytes().count(b"\n") == 2


def test_a_damaged_line_is_named(path):
    append_record(path, record(1))
    with path.open("a") as file:
        file.write("not json\n")
    with pytest.raises(ValueError, match=r"covid_linear\.jsonl, line 2: not a run record"):
        load_records(path)


def test_a_damaged_line_does_not_cost_the_run_that_has_just_finished(path):
    append_record(path, record(1))
    with path.open("ab") as file:
        file.write(b"\xff\xfe\n")
    assert append_record(path, record(2))
    assert path.read_bytes().count(b"\n") == 3
    assert path.read_bytes().endswith(record(2).to_json(indent=None).encode())


def test_a_write_that_ends_half_way_leaves_no_half_line_and_names_the_file(path):
    """The system takes a part of the line, and then no more."""
    append_record(path, record(1))
    before = path.read_bytes()
    with room_for(len(before) + 300), pytest.raises(OSError, match="too large") as caught:
        append_record(path, record(2))
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert append_record(path, record(2))
    assert list(load_records(path).values()) == [record(1), record(2)]


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_only_a_plain_file_is_read_and_written(path, tmp_path, kind):
    path.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").write_text("")
    path.symlink_to(tmp_path / "elsewhere") if kind == "link" else os.mkfifo(path)
    for action in (lambda: load_records(path), lambda: append_record(path, record(1))):
        with pytest.raises(ValueError, match=r"covid_linear\.jsonl is (a link|no plain file)"):
            action()
    assert (tmp_path / "elsewhere").read_text() == ""


def test_a_second_process_that_was_faster_is_not_written_over(path):
    assert append_record(path, record(1))
    assert not append_record(path, record(1, seconds=9.0))
    assert [one.seconds for one in load_records(path).values()] == [1.5]


def test_a_record_whose_key_was_forged_is_refused(path):
    with pytest.raises(ValidationError, match="does not belong to this run"):
        record(key="f" * 64)


def test_an_ok_final_run_needs_the_reported_metric():
    with pytest.raises(ValidationError, match="test metric"):
        record(test={})


def test_metrics_that_are_not_finite_are_refused():
    with pytest.raises(ValidationError, match="finite"):
        record(test={"opacity_dice": float("nan")})


def test_every_field_of_the_key_changes_the_key():
    base = record().run
    changed = {
        "task": "x",
        "backbone_sha256": "0" * 64,
        "dataset_sha256": "0" * 64,
        "task_sha256": "0" * 64,
        "protocol": "x",
        "protocol_sha256": "0" * 64,
        "profile": "x",
        "profile_sha256": "0" * 64,
        "engine": "reference",
        "phase": "tune",
        "learning_rate": 0.1,
        "seed": 0,
        "normalisation_sha256": "0" * 64,
    }
    assert set(changed) == set(RunKey.model_fields)
    keys = {base.model_copy(update={name: value}).key() for name, value in changed.items()} | {base.key()}
    assert len(keys) == len(changed) + 1


def named(seed: int, content: bytes) -> RunRecord:
    one = record(seed)
    kept = {"sha256": sha256(content).hexdigest(), "bytes": len(content), "masks": True}
    return record(seed, predictions={"file": prediction_file("covid_linear", one.key), **kept})


def test_predictions_are_there_before_the_record_that_names_them(path, monkeypatch):
    """The write of the line fails: the file is there, and is swept by the next call."""
    written = named(1, b"boxes")
    assert written.predictions is not None
    file = path.parent / written.predictions.file

    def full(stream, content):
        if content.startswith(b"{"):
            assert file.read_bytes() == b"boxes"
            raise OSError(errno.ENOSPC, "no space")
        stream.write(content)

    with monkeypatch.context() as patch:
        patch.setattr(records, "write_all", full)
        with pytest.raises(OSError, match="no space"):
            append_record(path, written, b"boxes")
    assert load_records(path) == {}
    assert sweep_predictions(path) == [file]
    assert append_record(path, written, b"boxes")
    assert sweep_predictions(path) == []
    assert not append_record(path, written, b"other")
    assert file.read_bytes() == b"boxes"
    assert list(load_records(path).values()) == [written]


@pytest.mark.parametrize(
    "changes", [{"status": "diverged", "test": {}}, {"file": "predictions/other/%s.parquet"}]
)
def test_a_record_names_its_own_predictions_or_none(changes):
    one = named(1, b"boxes")
    assert one.predictions is not None
    kept = one.predictions.model_dump()
    if "file" in changes:
        kept["file"] = changes.pop("file") % one.key
    with pytest.raises(ValidationError, match=r"predictions(\.file is| belong to)"):
        record(1, predictions=kept, **changes)


@pytest.mark.parametrize("file", ["../../secret", "predictions/../x/%s.parquet", "/etc/passwd"])
def test_predictions_lie_nowhere_else(file):
    one = named(1, b"boxes")
    assert one.predictions is not None
    with pytest.raises(ValidationError, match="should match pattern"):
        record(1, predictions=one.predictions.model_dump() | {"file": file.replace("%s", one.key)})
