"""Every task file against the tables of evaluation.md sections 1 and 1.1, copied here by hand as text."""

from __future__ import annotations

import csv

import pytest

from lovt_bench.leaderboard.board.published import FOLDER as PUBLISHED
from tests.tasks.lovt_18 import LOVT_18

# evaluation.md section 1: nr | id | dataset | images | head | backbone | reported test metric
TASKS = """
1 | rsna_finetune_1 | RSNA 1 % (160) | YOLOv3 | fine-tuned | mAP
2 | rsna_finetune_10 | RSNA 10 % (1601) | YOLOv3 | fine-tuned | mAP
3 | rsna_finetune_100 | RSNA 100 % (16010) | YOLOv3 | fine-tuned | mAP
4 | rsna_frozen_1 | RSNA 1 % (160) | YOLOv3 | frozen | mAP
5 | rsna_frozen_10 | RSNA 10 % (1601) | YOLOv3 | frozen | mAP
6 | rsna_frozen_100 | RSNA 100 % (16010) | YOLOv3 | frozen | mAP
7 | rsna_seg_linear_1 | RSNA masks 1 % (160) | linear | frozen | opacity_dice
8 | rsna_seg_linear_10 | RSNA masks 10 % (1601) | linear | frozen | opacity_dice
9 | rsna_seg_linear_100 | RSNA masks 100 % (16010) | linear | frozen | opacity_dice
10 | covid_unet_finetune | COVID Rural (133) | U-Net | fine-tuned | opacity_dice
11 | covid_unet_frozen | COVID Rural (133) | U-Net | frozen | opacity_dice
12 | covid_linear | COVID Rural (133) | linear | frozen | opacity_dice
13 | pneumothorax_unet_finetune_100 | SIIM (7229) | U-Net | fine-tuned | pneumothorax_dice
14 | pneumothorax_unet_frozen_100 | SIIM (7229) | U-Net | frozen | pneumothorax_dice
15 | object_finetune_100 | Object CXR (6400) | YOLOv3 | fine-tuned | froc
16 | object_frozen_100 | Object CXR (6400) | YOLOv3 | frozen | froc
17 | object_seg_linear_100 | Object CXR masks (6400) | linear | frozen | avg_dice
18 | nih_seg_linear | NIH CXR masks (588) | linear | frozen | avg_dice
"""

# evaluation.md section 1.1: nr | batch | grid | warm-up steps / learning rate | max epochs | patience | monitor
SETTINGS = """
1 | 8 | 3e-4, 1e-4 | 100 / 1e-3 | 500 | 20 | mAP
2 | 64 | 3e-4, 1e-3 | 100 / 1e-3 | 100 | 10 | mAP
3 | 64 | 3e-4, 1e-4 | 100 / 1e-3 | 50 | 10 | mAP
4 | 8 | 1e-3, 3e-4 | – | 500 | 20 | mAP
5 | 64 | 1e-3 | – | 100 | 10 | mAP
6 | 64 | 3e-4, 1e-3 | – | 50 | 10 | mAP
7 | 8 | 3e-2, 1e-2, 3e-3, 1e-4 | – | 500 | 20 | opacity_dice
8 | 64 | 3e-2, 1e-2, 3e-3, 1e-3 | – | 100 | 10 | opacity_dice
9 | 64 | 3e-2, 1e-2, 3e-3, 1e-3 | – | 50 | 10 | opacity_dice
10 | 8 | 1e-4, 3e-4 | 20 / 1e-3 | 100 | 20 | opacity_dice
11 | 8 | 1e-4, 3e-4, 1e-3 | – | 100 | 20 | opacity_dice
12 | 8 | 3e-2, 1e-2, 3e-3, 1e-3 | – | 100 | 20 | opacity_dice
13 | 64 | 3e-5, 1e-5 | 100 / 1e-3 | 50 | 10 | pneumothorax_dice
14 | 64 | 3e-5, 1e-5 | – | 50 | 10 | pneumothorax_dice
15 | 64 | 1e-3, 3e-4 | 100 / 1e-3 | 100 | 10 | froc
16 | 64 | 1e-3, 3e-3 | – | 100 | 10 | froc
17 | 64 | 3e-1, 1e-1, 3e-2, 1e-2 | – | 100 | 10 | avg_dice
18 | 64 | 1e-1, 3e-2, 1e-2 | – | 100 | 10 | avg_dice
"""

DATASETS = {
    "RSNA": ("rsna", ["opacity"]),
    "COVID Rural": ("covid-rural", ["opacity"]),
    "SIIM": ("siim", ["pneumothorax"]),
    "Object CXR": ("object-cxr", ["foreign_object"]),
    "NIH CXR": (
        "nih-cxr",
        [
            "Atelectasis",
            "Cardiomegaly",
            "Effusion",
            "Infiltrate",
            "Mass",
            "Nodule",
            "Pneumonia",
            "Pneumothorax",
        ],
    ),
}
"""Store name and classes in channel order (evaluation.md sections 7 and 8)."""

HEADS = {"YOLOv3": "yolov3", "linear": "linear", "U-Net": "unet"}
LABELS = {"mAP": "mAP", "froc": "fROC", "opacity_dice": "Dice", "pneumothorax_dice": "Dice"}


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def test_they_are_18_by_their_published_numbers():
    assert [spec.number for spec in LOVT_18] == list(range(1, 19))


@pytest.mark.parametrize("row", rows(TASKS), ids=lambda row: row[1])
def test_what_is_learnt_on_what(row):
    number, task_id, dataset, head, backbone, metric = row
    spec = LOVT_18[int(number) - 1]
    name, images = dataset.rstrip(")").split(" (")
    percent = next((part for part in name.split() if part.isdigit()), "100")
    store, classes = next(value for key, value in DATASETS.items() if name.startswith(key))
    assert spec.id == task_id
    assert spec.dataset == store
    assert spec.classes == classes
    assert spec.target == ("boxes" if head == "YOLOv3" else "masks")
    assert spec.head == HEADS[head]
    assert spec.backbone == backbone
    assert spec.metric == metric
    assert spec.train_fraction == int(percent) / 100
    assert spec.published_train_images == int(images)
    # evaluation.md section 4: RSNA validation is cut to a tenth, whatever the training fraction; no other split is.
    assert spec.validation_fraction == (0.1 if store == "rsna" else 1)


@pytest.mark.parametrize("row", rows(SETTINGS), ids=lambda row: f"task {row[0]}")
def test_how_it_is_trained(row):
    number, batch, grid, warm_up, epochs, patience, monitor = row
    spec = LOVT_18[int(number) - 1]
    assert spec.batch_size == int(batch)
    assert spec.learning_rates == [float(rate) for rate in grid.split(",")]
    if warm_up == "–":
        assert spec.warm_up is None
    else:
        steps, rate = warm_up.split("/")
        assert spec.warm_up is not None
        assert (spec.warm_up.steps, spec.warm_up.learning_rate) == (int(steps), float(rate))
    assert (spec.max_epochs, spec.patience) == (int(epochs), int(patience))
    assert spec.monitor == monitor


def test_a_backbone_costs_136_trainings():
    """evaluation.md section 2.1: 46 tuning runs (task 5 has none) and five final runs for each task."""
    tuning = sum(len(spec.learning_rates) for spec in LOVT_18 if len(spec.learning_rates) > 1)
    assert tuning + 5 * len(LOVT_18) == 46 + 90


@pytest.mark.parametrize("spec", LOVT_18, ids=lambda spec: spec.id)
def test_extra_metrics_are_those_exported_beside_the_reported_one(spec):
    """End of evaluation.md section 3."""
    if spec.dataset == "nih-cxr":
        expected = [f"{name}_dice" for name in DATASETS["NIH CXR"][1]]
    elif spec.target == "boxes":
        expected = ["mAP@0.5", "mAP@0.75"] if spec.dataset == "rsna" else ["mAP", "mAP@0.5"]
    else:
        expected = []
    assert spec.extra_metrics == expected
    label = LABELS.get(spec.metric) or ("Avg Dice" if len(spec.classes) > 1 else "Dice")
    assert spec.metric_label == label


def test_published_rows_name_the_same_tasks_in_the_order_of_their_numbers():
    with (PUBLISHED / "lovt-2022.csv").open() as stream:
        published = [row["task"] for row in csv.DictReader(stream) if row["method"] == "ImageNet"]
    assert published == [spec.id for spec in sorted(LOVT_18, key=lambda spec: spec.number)]
