"""Metrics of a run follow from its predictions and a store, to the bit; what was changed is found and named."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from benchmark.engine.evaluate import Evaluation, evaluate
from benchmark.engine.records import load_records, results_path
from benchmark.engine.rescore import Stores, rescore
from leaderboard.records import read_records
from tasks.protocol import load_protocol
from tasks.registry import load_task, load_tasks
from tests.benchmark.engine.world import TINY, TinySource, tiny_store, tiny_stores

SINGLE = TINY.model_copy(
    update={
        "max_epochs": 1,
        "max_runs": 1,
        "max_learning_rates": {"linear": 1, "yolov3": 1, "unet": 1, "fine-tuned": 1},
        "max_batch_size": 4,
    }
)


def evaluation(root, stores, tasks, **changes):
    made = Evaluation(
        source=TinySource(),
        specs=[load_task(task) for task in tasks],
        stores=stores,
        protocol=load_protocol(),
        profile=SINGLE,
        workspace=root,
        device=torch.device("cpu"),
    )
    return dataclasses.replace(made, **changes)


def rescored(root, profile=SINGLE):
    """Return what scoring everything anew gives; the profile is not one of the repository."""
    records = read_records(root / "results").records
    return list(rescore(records, root / "results", Stores(root / "data", lambda name: profile)))


@pytest.mark.slow
def test_all_18_tasks_are_rescored_to_the_bit_on_both_engines(tmp_path):
    stores = tiny_stores(tmp_path)
    for engine in ("fast", "reference"):
        evaluate(evaluation(tmp_path, stores, [spec.id for spec in load_tasks()], engine=engine))
    found = rescored(tmp_path)
    assert [one.text for one in found if one.outcome != "equal"] == []
    assert len(found) == 36
    assert {one.record.run.task for one in found} == {spec.id for spec in load_tasks()}
    assert all(one.metrics == len(one.record.test) for one in found)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A workspace with two runs of boxes, of one class of masks and of eight, and of coarse features of each seed."""
    root = tmp_path_factory.mktemp("made")
    stores = {name: tiny_store(root, name) for name in ("rsna", "covid-rural", "nih-cxr")}
    profile = SINGLE.model_copy(update={"max_runs": 2})
    tasks = ["rsna_frozen_1", "covid_linear", "nih_seg_linear"]
    evaluate(evaluation(root, stores, tasks, profile=profile, source=TinySource(drawn_per_run=True)))
    return root


@pytest.fixture
def workspace(made, tmp_path):
    shutil.copytree(made, tmp_path / "here")
    return tmp_path / "here"


TWO = SINGLE.model_copy(update={"max_runs": 2})


def runs(root, task):
    return list(load_records(results_path(root, "phantom", "tiny", task)).values())


def path_of(root, record):
    return root / "results" / "phantom" / "tiny" / record.predictions.file


def change(root, record, edit, *, seal=True):
    """Change what a file of predictions holds, and with `seal` its digest and size in the record, too.

    Args:
        edit: From the lines of the file to others; or from its table to another one.
    """
    path = path_of(root, record)
    table = pq.read_table(path)
    lines = table.to_pylist()
    again = edit(lines, table)
    if again is None:
        again = pa.Table.from_pylist(lines, schema=table.schema)
    pq.write_table(again, path, compression="zstd")
    if seal:
        reseal(root, record)


def reseal(root, record):
    content = path_of(root, record).read_bytes()
    kept = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    replace(root, record, predictions=record.predictions.model_copy(update=kept))


def replace(root, record, **changes):
    """Put another record in the place of one, as somebody could who edits the file."""
    path = results_path(root, "phantom", "tiny", record.run.task)
    others = [record.model_copy(update=changes) if one == record else one for one in runs(root, record.run.task)]
    path.write_text("".join(one.to_json(indent=None) for one in others))


def texts(root):
    return [(one.record.run.task, one.record.run.seed, one.text) for one in rescored(root, TWO) if one.outcome != "equal"]


def test_every_run_leaves_predictions_that_give_its_metrics(made):
    found = rescored(made, TWO)
    assert [one.outcome for one in found] == ["equal"] * 6
    assert texts(made) == []


def a_coordinate(lines, table):
    line = next(line for line in lines if line["detections"])
    line["detections"][0]["x"] += 30.0


def a_score(lines, table):
    line = next(line for line in lines if len(line["detections"]) > 1)
    line["detections"][-1]["score"] = 1.0


@pytest.mark.parametrize("edit", [a_coordinate, a_score])
def test_a_changed_box_or_score_is_found_by_its_digest_and_by_the_metrics(workspace, edit):
    """The second time the digest in the record is changed with it: then only what follows from the boxes tells."""
    record = crowded(workspace)
    change(workspace, record, edit, seal=False)
    replace(workspace, record, predictions=size(workspace, record))
    ((task, seed, text),) = texts(workspace)
    assert (task, seed) == ("rsna_frozen_1", record.run.seed)
    assert f"{record.predictions.file} was changed: its content differs from the digest in the record" in text
    (record,) = [one for one in runs(workspace, "rsna_frozen_1") if one.run.seed == seed]
    reseal(workspace, record)
    ((task, seed, text),) = texts(workspace)
    assert (task, seed) == ("rsna_frozen_1", record.run.seed)
    assert text.startswith("its predictions give ")
    assert f"(recorded {record.test['froc']!r})" in text or f"(recorded {record.test['mAP']!r})" in text


def size(root, record):
    return record.predictions.model_copy(update={"bytes": path_of(root, record).stat().st_size})


def crowded(root):
    """Give a run detections that count: the true boxes, and one beside them; return its record."""
    record = runs(root, "rsna_frozen_1")[0]
    return record


def a_bit(lines, table):
    line = lines[3]
    mask = bytearray(line["mask"])
    mask[100] ^= 0b00010000
    line["mask"] = bytes(mask)


@pytest.mark.parametrize(("task", "name"), [("covid_linear", "opacity"), ("nih_seg_linear", "Infiltrate")])
def test_a_changed_bit_of_a_mask_is_found_with_its_image_and_class(workspace, task, name):
    record = runs(workspace, task)[1]
    change(workspace, record, a_bit)
    ((found, seed, text),) = texts(workspace)
    assert (found, seed) == (task, record.run.seed)
    row = pq.read_table(path_of(workspace, record)).to_pylist()[3]["row"]
    assert f"has counts at row {row} of the store, class {name}, that are not those of its mask" in text


def test_a_changed_metric_in_the_record_is_found(workspace):
    record = runs(workspace, "covid_linear")[0]
    value = record.test["opacity_dice"]
    replace(workspace, record, test=record.test | {"opacity_dice": float(np.nextafter(value, 1))})
    ((task, seed, text),) = texts(workspace)
    assert (task, seed) == ("covid_linear", record.run.seed)
    assert text == f"its predictions give opacity_dice {value!r} (recorded {float(np.nextafter(value, 1))!r})"
