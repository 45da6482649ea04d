"""A method that a harness reads says what it does in events that the harness knows, and takes settings as JSON."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lovt_bench.benchmark.backbone.folder import write_backbone
from lovt_bench.benchmark.contract.events import (
    DoneEvent,
    EpochEvent,
    LogLine,
    MessageEvent,
    StartEvent,
    parse_line,
)
from lovt_bench.submissions.common import export
from lovt_bench.submissions.common.entry import command
from lovt_bench.submissions.common.settings import parse_object
from tests.submissions.tiny_corpus import write_corpus
from tests.submissions.toy.pretrain import Toy, ToySettings

TOY = Path(__file__).resolve().parent.parent / "toy"


def run(tmp_path: Path, **variables: str) -> Result:
    corpus = write_corpus(tmp_path / "corpus", train=8)
    told = {f"LOVT_BENCH_{name}": value for name, value in variables.items()}
    arguments = ["--input", str(corpus), "--output", str(tmp_path / "out"), "--device", "cpu"]
    return CliRunner().invoke(command(Toy, ToySettings, TOY), arguments, env=told)


@pytest.mark.slow
def test_a_run_told_by_environment_answers_in_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "write_backbone", partial(write_backbone, onnx=False))
    result = run(
        tmp_path, EVENTS="json", SETTINGS=json.dumps({"max_epochs": 2}), NAME="mine", SEED="4",
        ONLINE_EVALUATION="false", WORKERS="0",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    events = [parse_line(line.encode()) for line in result.stdout.splitlines()]
    assert not [event for event in events if isinstance(event, LogLine)]
    assert isinstance(events[0], MessageEvent)
    assert events[1] == StartEvent(epochs=2, steps=2)
    epochs = [event for event in events if isinstance(event, EpochEvent)]
    assert [event.epoch for event in epochs] == [1, 2]
    assert all({"loss", "val/loss"} <= event.values.keys() for event in epochs)
    assert isinstance(events[-1], DoneEvent)
    manifest = json.loads((tmp_path / "out" / "backbone" / "backbone.json").read_text())
    assert (manifest["name"], manifest["provenance"]["seed"]) == ("mine", 4)
    assert manifest["provenance"]["hyperparameters"]["max_epochs"] == 2


@pytest.mark.parametrize("text", ["[1]", "no", "{", "[" * 100_000])
def test_settings_that_are_no_object_are_a_wrong_configuration(tmp_path: Path, text: str) -> None:
    result = run(tmp_path, SETTINGS=text)
    assert result.exit_code == 64
    assert "--settings: expected a JSON object" in result.output


def test_settings_are_values() -> None:
    assert parse_object('{"a": null, "b": 0.5, "c": "x"}') == {"a": None, "b": 0.5, "c": "x"}
