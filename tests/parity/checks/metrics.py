"""Checks of metric_map, metric_froc and metric_dice (evaluation.md section 11)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.metrics.dice import SegmentationMetrics
from lovt_bench.tasks.metrics.froc import froc
from lovt_bench.tasks.metrics.mean_average_precision import average_precisions
from lovt_bench.tasks.metrics.positive_map import images_with_boxes
from lovt_bench.tasks.protocol import load_protocol
from tests.parity.compare import Comparison, Failure
from tests.parity.golden import GoldenError, GoldenFile, guarded


def cases(golden: GoldenFile) -> list[str]:
    """Return the part before `/` of every output, in manifest order."""
    return list(dict.fromkeys(name.split("/")[0] for name in golden.outputs()))


def quantities(golden: GoldenFile, case: str) -> list[str]:
    """Return the part after `/` of the outputs of a case."""
    return [name.split("/", 1)[1] for name in golden.outputs() if name.startswith(f"{case}/")]


def read_detections(golden: GoldenFile, case: str) -> tuple[Detections, BoxTarget]:
    """Return the predictions and the boxes of a case."""
    scores = golden.tensor(f"{case}_pred_conf")
    detections = Detections(
        golden.tensor(f"{case}_pred_boxes"),
        scores,
        golden.tensor(f"{case}_pred_classes"),
        torch.ones_like(scores),
        golden.tensor(f"{case}_pred_counts"),
    )
    splits = np.cumsum(golden.array(f"{case}_gt_counts"))[:-1]
    target = BoxTarget.pack(
        np.split(golden.array(f"{case}_gt_boxes"), splits),
        np.split(golden.array(f"{case}_gt_classes"), splits),
    )
    return detections, target


def check_map(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare mAP over all images and over images with boxes, as a whole, per class and per IoU threshold."""
    for case in cases(golden):
        yield from guarded(case, map_case, golden, case)


def map_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    protocol = load_protocol().metrics
    names = quantities(golden, case)
    classes = [name.removesuffix("_mAP") for name in names if name.endswith("_mAP")]
    classes = [name for name in classes if name != "pos" and not name.startswith("pos_")]
    everything = read_detections(golden, case)
    tables = {
        "": average_precisions(*everything, len(classes), protocol),
        "pos_": average_precisions(*images_with_boxes(*everything), len(classes), protocol),
    }
    for name in names:
        prefix = "pos_" if name.startswith("pos_") else ""
        table = tables[prefix]
        short = name.removeprefix(prefix)
        if short == "mAP":
            value = table.mean()
        elif short.startswith("mAP@"):
            value = table[protocol.map_iou_thresholds.index(float(short.removeprefix("mAP@")))].mean()
        elif short.removesuffix("_mAP") in classes:
            value = table[:, classes.index(short.removesuffix("_mAP"))].mean()
        else:
            raise GoldenError(f"{name}: not a quantity that is known here")
        yield golden.compare(f"{case}/{name}", value, case, name)


def check_froc(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare fROC."""
    for case in cases(golden):
        yield from guarded(case, froc_case, golden, case)


def froc_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    value = froc(
        golden.array(f"{case}_pred_boxes"),
        golden.array(f"{case}_pred_conf"),
        golden.array(f"{case}_pred_counts"),
        golden.array(f"{case}_gt_boxes"),
        golden.array(f"{case}_gt_counts"),
        load_protocol().metrics,
    )
    yield golden.compare(f"{case}/froc", value, case, "froc")


def check_dice(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare Dice, its mean over classes and the extras that are logged beside it."""
    for case in cases(golden):
        yield from guarded(case, dice_case, golden, case)


def dice_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    protocol = load_protocol().metrics
    probabilities = golden.tensor(f"{case}/probs")
    # The vectors give probabilities and our metrics take logits: only the side of the threshold matters.
    logits = torch.where(probabilities >= protocol.mask_threshold, 1.0, -1.0)
    mask = torch.from_numpy(golden.mask(f"{case}/mask"))
    metrics = SegmentationMetrics(golden.entry["class_names"][case], protocol.mask_threshold)
    for rows in torch.arange(len(logits)).split(max(1, len(logits) // 3)):
        metrics.update(logits[rows], mask[rows])
    values = metrics.compute()
    for name in quantities(golden, case):
        yield golden.compare(f"{case}/{name}", values[name], case, name)


CHECKS = {"metric_map": check_map, "metric_froc": check_froc, "metric_dice": check_dice}
