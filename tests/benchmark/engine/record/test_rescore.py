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

from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.benchmark.engine.plan.recorded import load_records, results_path
from lovt_bench.benchmark.engine.record.prediction_format import HEADER
from lovt_bench.benchmark.engine.record.records import sweep_predictions
from lovt_bench.benchmark.engine.record.rescore import Stores, rescore
from lovt_bench.leaderboard.board.records import read_records
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import TINY, TinySource, narrow_heads, tiny_store, tiny_stores
from tests.tasks.lovt_18 import LOVT_18

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


def rescored(root, profile=SINGLE, task=None):
    """Return what scoring everything, or a task, anew gives; the profile is not one of the repository."""
    found = read_records(root / "results").records
    records = [record for record in found if task in (None, record.run.task)]
    return list(rescore(records, root / "results", Stores(root / "data", lambda name: profile)))


@pytest.mark.slow
def test_all_18_tasks_end_and_are_rescored_to_the_bit_on_both_engines(tmp_path, monkeypatch):
    narrow_heads(monkeypatch)
    stores = tiny_stores(tmp_path)
    sides = SINGLE.model_copy(update={"image_sides": {"linear": 96}})
    for engine in ("fast", "reference"):
        evaluate(evaluation(tmp_path, stores, [spec.id for spec in LOVT_18], engine=engine, profile=sides))
    found = rescored(tmp_path, sides)
    assert [one.text for one in found if one.outcome != "equal"] == []
    assert len(found) == 36
    assert {one.record.run.task for one in found} == {spec.id for spec in LOVT_18}
    assert all(one.metrics == len(one.record.test) for one in found)
    assert all(0 <= one.record.test[one.record.metric] <= 1 for one in found)
    for task, side in (("covid_linear", 96), ("covid_unet_frozen", 64)):
        kept = [pq.read_schema(path_of(tmp_path, run)).metadata[HEADER] for run in runs(tmp_path, task)]
        assert {json.loads(header)["side"] for header in kept} == {side}


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
    others = [
        record.model_copy(update=changes) if one == record else one for one in runs(root, record.run.task)
    ]
    path.write_text("".join(one.to_json(indent=None) for one in others))


def texts(root, only=None):
    return [
        (one.record.run.task, one.record.run.seed, one.text)
        for one in rescored(root, TWO, only)
        if one.outcome != "equal"
    ]


def test_every_run_leaves_predictions_that_give_its_metrics(made):
    found = rescored(made, TWO)
    assert [one.outcome for one in found] == ["equal"] * 6
    assert texts(made) == []


def a_score(lines, table):
    next(line for line in lines if line["detections"])["detections"][-1]["score"] = 0.999


def the_surest_box(lines, table):
    """It becomes the true one of its image."""
    line = max((line for line in lines if line["detections"]), key=lambda one: max_score(one["detections"]))
    surest = max(line["detections"], key=lambda one: one["score"])
    surest |= dict(zip("xywh", TRUE_BOXES[line["row"]], strict=True)) | {"score": 1.0}


def max_score(detections):
    return max(one["score"] for one in detections)


TRUE_BOXES: dict[int, list[float]] = {}


@pytest.mark.parametrize("edit", [a_score, the_surest_box])
def test_a_changed_box_or_score_is_found_by_its_digest(workspace, edit):
    store = ImageStore.open(workspace / "data" / "rsna")
    TRUE_BOXES.update({row: store.boxes(row)[0].tolist() for row in range(len(store))})
    record = runs(workspace, "rsna_frozen_1")[0]
    change(workspace, record, edit, seal=False)
    kept = {"bytes": path_of(workspace, record).stat().st_size}
    replace(workspace, record, predictions=record.predictions.model_copy(update=kept))
    ((task, seed, text),) = texts(workspace, "rsna_frozen_1")
    assert (task, seed) == ("rsna_frozen_1", record.run.seed)
    assert text.startswith(f"{record.predictions.file} was changed: its content differs from the digest")


def test_a_changed_box_is_found_by_the_metrics_where_the_digest_was_changed_with_it(workspace):
    store = ImageStore.open(workspace / "data" / "rsna")
    TRUE_BOXES.update({row: store.boxes(row)[0].tolist() for row in range(len(store))})
    record = runs(workspace, "rsna_frozen_1")[0]
    change(workspace, record, the_surest_box)
    ((task, seed, text),) = texts(workspace, "rsna_frozen_1")
    assert (task, seed) == ("rsna_frozen_1", record.run.seed)
    assert text.startswith("its predictions give ")
    assert f"(recorded {record.test['mAP']!r})" in text


def a_bit(lines, table):
    line = lines[3]
    mask = bytearray(line["mask"])
    mask[100] ^= 0b00010000
    line["mask"] = bytes(mask)


@pytest.mark.parametrize(("task", "name"), [("covid_linear", "opacity"), ("nih_seg_linear", "Infiltrate")])
def test_a_changed_bit_of_a_mask_is_found_with_its_image_and_class(workspace, task, name):
    record = runs(workspace, task)[1]
    change(workspace, record, a_bit)
    ((found, seed, text),) = texts(workspace, task)
    assert (found, seed) == (task, record.run.seed)
    row = pq.read_table(path_of(workspace, record)).to_pylist()[3]["row"]
    assert f"has counts at row {row} of the store, class {name}, that are not those of its mask" in text


def test_a_changed_metric_in_the_record_is_found(workspace):
    record = runs(workspace, "covid_linear")[0]
    value = record.test["opacity_dice"]
    replace(workspace, record, test=record.test | {"opacity_dice": float(np.nextafter(value, 1))})
    ((task, seed, text),) = texts(workspace, "covid_linear")
    assert (task, seed) == ("covid_linear", record.run.seed)
    assert text == f"its predictions give opacity_dice {value!r} (recorded {float(np.nextafter(value, 1))!r})"


def test_a_metric_that_came_after_the_run_is_no_difference(workspace):
    record = runs(workspace, "covid_linear")[0]
    replace(workspace, record, test={"opacity_dice": record.test["opacity_dice"]})
    assert texts(workspace, "covid_linear") == []


def test_a_metric_that_was_struck_from_the_record_is_found(workspace):
    record = runs(workspace, "rsna_frozen_1")[0]
    left = {name: value for name, value in record.test.items() if name != "mAP@0.5"}
    replace(workspace, record, test=left)
    ((_, seed, text),) = texts(workspace, "rsna_frozen_1")
    assert seed == record.run.seed
    assert text == f"its predictions give mAP@0.5 {record.test['mAP@0.5']!r} (not recorded)"


def of_another_run(root, record):
    shutil.copy(path_of(root, runs(root, "rsna_frozen_1")[1]), path_of(root, record))
    reseal(root, record)


def missing(root, record):
    path_of(root, record).unlink()


def cut(root, record):
    path = path_of(root, record)
    path.write_bytes(path.read_bytes()[:-100])


def no_parquet(root, record):
    path = path_of(root, record)
    path.write_bytes(b"x" * path.stat().st_size)


def other_columns(root, record):
    change(root, record, lambda lines, table: table.drop_columns(["row"]))


def other_images(root, record):
    def edit(lines, table):
        lines[1]["row"] = 3

    change(root, record, edit)


def fewer_images(root, record):
    change(root, record, lambda lines, table: table.slice(0, 3))


def detection(**values):
    def edit(root, record):
        def inner(lines, table):
            next(line for line in lines if line["detections"])["detections"][0] |= values

        change(root, record, inner)

    return edit


def without_a_value(root, record):
    def edit(lines, table):
        lines[0]["detections"] = None

    change(root, record, edit)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (missing, "is missing; bring it back"),
        (cut, "was cut: it has "),
        (no_parquet, "cannot be read as Parquet"),
        (of_another_run, "is of another run ("),
        (other_columns, "has other columns than predictions of boxes"),
        (other_images, "names other images: row 3 of the store where 19 is expected"),
        (fewer_images, "is of 3 images, the run of 5"),
        (without_a_value, "has lines without a value"),
        (detection(score=float("nan")), "has a score that is no number at row "),
        (detection(score=1.5), "has a score outside of 0 to 1 at row "),
        (detection(**{"class": 1}), "has a class outside of 0 to 0 at row "),
        (
            detection(x=500.0, w=10.0),
            "has a box whose centre lies outside of the frame of 224 pixels at row ",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_bad_predictions_are_one_sentence_and_keep_no_other_run_from_being_scored(workspace, damage, words):
    record = runs(workspace, "rsna_frozen_1")[0]
    damage(workspace, record)
    before = {path: path.read_bytes() for path in (workspace / "results").rglob("*") if path.is_file()}
    wrong, right = rescored(workspace, TWO, "rsna_frozen_1")
    assert (wrong.outcome, right.outcome) == ("missing" if damage is missing else "wrong", "equal")
    text = wrong.text
    assert text.startswith(f"{record.predictions.file} {words}")
    assert "\n" not in text
    assert before == {
        path: path.read_bytes() for path in (workspace / "results").rglob("*") if path.is_file()
    }


def test_masks_of_another_side_are_named(workspace):
    found = texts_of_profile(workspace, TWO.model_copy(update={"image_side": 32}))
    assert "holds masks of side 64, the run has 32" in found["covid_linear"]


def texts_of_profile(root, profile):
    """Give the records the digest of another profile, as if they had been made with it."""
    for task in ("covid_linear",):
        for record in runs(root, task):
            run = record.run.model_copy(update={"profile_sha256": profile.digest()})
            path = path_of(root, record)
            table = pq.read_table(path)
            header = table.schema.metadata[b"lovt-bench"].replace(record.key.encode(), run.key().encode())
            file = f"predictions/{task}/{run.key()}.parquet"
            pq.write_table(
                table.replace_schema_metadata({b"lovt-bench": header}), path.with_name(f"{run.key()}.parquet")
            )
            kept = record.predictions.model_copy(update={"file": file})
            replace(root, record, run=run, key=run.key(), predictions=kept)
            reseal(root, next(one for one in runs(root, task) if one.key == run.key()))
    return {
        one.record.run.task: one.text
        for one in rescored(root, profile, "covid_linear")
        if one.outcome == "wrong"
    }


def test_a_run_without_its_store_or_with_another_one_says_what_is_needed(workspace):
    shutil.rmtree(workspace / "data" / "rsna")
    tiny_store(workspace, "covid-rural", seed=1)
    found = {one.record.run.task: one for one in rescored(workspace, TWO)}
    assert found["nih_seg_linear"].outcome == "equal"
    for task, why in (("rsna_frozen_1", "there is none"), ("covid_linear", "is another one")):
        assert found[task].outcome == "no store"
        assert why in found[task].text
        assert "lovt-bench data prepare" in found[task].text


def test_without_masks_the_counts_remain_and_are_held_against_the_store(made, tmp_path):
    shutil.copytree(made / "data", tmp_path / "data")
    stores = {"nih-cxr": ImageStore.open(tmp_path / "data" / "nih-cxr")}
    evaluate(evaluation(tmp_path, stores, ["nih_seg_linear"], masks=False))
    (record,) = runs(tmp_path, "nih_seg_linear")
    assert record.predictions.masks is False
    assert runs(made, "nih_seg_linear")[0].predictions.masks is True
    assert "mask" not in pq.read_table(path_of(tmp_path, record)).column_names
    assert [one.outcome for one in rescored(tmp_path)] == ["equal"]

    def edit(lines, table):
        lines[9]["false_negatives"] += 1
        lines[9]["true_negatives"] -= 1

    change(tmp_path, record, edit)
    (found,) = rescored(tmp_path)
    assert "class Cardiomegaly, that do not add up to the mask in the store" in found.text


def test_what_a_kill_between_predictions_and_record_left_is_swept(made, tmp_path):
    shutil.copytree(made, tmp_path / "here")
    root = tmp_path / "here"
    first, second = runs(root, "covid_linear")
    path = results_path(root, "phantom", "tiny", "covid_linear")
    orphan = path_of(root, second)
    content = orphan.read_bytes()
    path.write_text(first.to_json(indent=None))
    sweep_predictions(path)
    assert [file.name for file in orphan.parent.iterdir()] == [path_of(root, first).name]
    # Lines that this version cannot read may name it.
    orphan.write_bytes(content)
    path.write_text(first.to_json(indent=None) + '{"schema_version":3}\n')
    assert sweep_predictions(path) == []
    # Records that were moved away, too.
    path.unlink()
    assert sweep_predictions(path) == []
    assert orphan.read_bytes() == content


def test_predictions_name_rows_and_no_images(made):
    for path in (made / "results").rglob("*.parquet"):
        assert b"image-0" not in path.read_bytes()
        assert not any(pa.types.is_string(kind) for kind in pq.read_schema(path).types)
