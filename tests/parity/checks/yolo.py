"""Checks of yolo_loss_* and yolo_nms: targets, loss, gradients, detections (evaluation.md section 7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import torch

from lovt_bench.benchmark.contract.protocol import YoloProtocol
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections, decode, detect, suppress
from lovt_bench.tasks.losses.yolo import yolo_loss, yolo_scale_losses
from lovt_bench.tasks.losses.yolo_targets import assign_targets
from lovt_bench.tasks.protocol import load_protocol
from tests.parity.compare import Comparison, Failure
from tests.parity.golden import GoldenError, GoldenFile, guarded

TERMS = {"x": "x", "y": "y", "w": "w", "h": "h", "conf": "objectness", "cls": "classes", "total": "total"}
"""Name of a term in the vectors and in `ScaleLoss`."""


def check_loss(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare everything that follows from raw maps and boxes."""
    parts = {
        "targets": targets_case,
        "loss": loss_case,
        "gradient": gradient_case,
        "decoding": decoding_case,
        "detections": detections_case,
    }
    for case, part in parts.items():
        yield from guarded(case, part, golden, case)


def read_params(golden: GoldenFile) -> tuple[YoloProtocol, float]:
    """Return the published protocol with the anchors and thresholds of the manifest, and the frame."""
    params = golden.entry["params"]
    height, width = params["image_size"]
    if height != width:
        raise GoldenError(f"image size {height} x {width}: frames are square here")
    update = {
        "anchors": [[tuple(anchor) for anchor in scale] for scale in params["anchors_per_scale"]],
        "confidence_threshold": params["conf_threshold"],
        "nms_iou": params["nms_threshold"],
    }
    return load_protocol().yolo.model_copy(update=update), float(width)


def read_maps(golden: GoldenFile, grad: bool = False) -> list[torch.Tensor]:
    """Return the raw maps, coarsest scale first."""
    scales = sorted(name for name in golden.arrays if re.fullmatch(r"raw\d+", name))
    return [golden.tensor(name, grad=grad) for name in scales]


def read_target(golden: GoldenFile) -> BoxTarget:
    """Return the ground-truth boxes."""
    splits = golden.array("target_offsets")[1:-1]
    return BoxTarget.pack(
        np.split(golden.array("target_boxes"), splits), np.split(golden.array("target_classes"), splits)
    )


def targets_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    protocol, frame = read_params(golden)
    target = read_target(golden)
    for scale, raw in enumerate(read_maps(golden)):
        classes = raw.shape[1] // len(protocol.anchors[scale]) - 5
        own = assign_targets(target, scale, raw.shape[-1], classes, protocol, frame)
        yield golden.compare(f"assign{scale}_object", own.positive, case)
        yield golden.compare(f"assign{scale}_noobject", own.background, case)
        yield golden.compare(f"assign{scale}_classes", own.classes, case)
        for name, values in zip(("tx", "ty", "tw", "th"), own.offsets.unbind(-1), strict=True):
            yield golden.compare(f"assign{scale}_{name}", values, case)


def loss_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    protocol, frame = read_params(golden)
    maps, target = read_maps(golden), read_target(golden)
    losses = yolo_scale_losses(maps, target, protocol, frame)
    for scale, own in enumerate(losses):
        for name, attribute in TERMS.items():
            yield golden.compare(f"scale{scale}_{name}", getattr(own, attribute), case)
        yield golden.compare(f"detail_loss_scale_{scale}", own.total, case)
    for name, attribute in TERMS.items():
        if name != "total":
            total = torch.stack([getattr(own, attribute) for own in losses]).sum()
            yield golden.compare(f"detail_{name}", total, case)
    yield golden.compare("total", yolo_loss(maps, target, protocol, frame), case)


def gradient_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    protocol, frame = read_params(golden)
    maps = read_maps(golden, grad=True)
    gradients = torch.autograd.grad(yolo_loss(maps, read_target(golden), protocol, frame), maps)
    for scale, gradient in enumerate(gradients):
        yield golden.compare(f"grad_raw{scale}", gradient, case)


def decoding_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    protocol, frame = read_params(golden)
    images = golden.tensor("decoded_images")
    for scale, raw in enumerate(read_maps(golden)):
        yield golden.compare(f"decoded{scale}", decode(raw, scale, protocol, frame)[images], case)


def detections_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    protocol, frame = read_params(golden)
    own = detect(read_maps(golden), protocol, frame)
    yield from compare_detections(golden, own, "nms_{}", case)


def compare_detections(golden: GoldenFile, own: Detections, name: str, case: str) -> Iterator[Comparison]:
    """Yield the comparisons of detections with the arrays called `name` with the quantity filled in."""
    yield golden.compare(name.format("counts"), own.counts, case)
    yield golden.compare(name.format("boxes"), own.boxes, case)
    yield golden.compare(name.format("conf"), own.scores, case)
    yield golden.compare(name.format("cls_conf"), own.class_scores, case)
    yield golden.compare(name.format("classes"), own.classes, case)


def check_nms(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare filter and suppression of clustered predictions, at the thresholds that the entry states."""
    for name in golden.arrays:
        if name.startswith("pred_"):
            case = name.removeprefix("pred_")
            yield from guarded(case, nms_case, golden, case)


def nms_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    how = golden.entry["how"]
    score, iou = re.search(r"score threshold ([\d.]*\d)", how), re.search(r"IoU threshold ([\d.]*\d)", how)
    if score is None or iou is None:
        raise GoldenError(f"no `score threshold X` and `IoU threshold X` in {how!r}")
    update = {"confidence_threshold": float(score[1]), "nms_iou": float(iou[1])}
    protocol = load_protocol().yolo.model_copy(update=update)
    own = suppress(golden.tensor(f"pred_{case}"), protocol)
    yield from compare_detections(golden, own, "{}_" + case, case)


CHECKS = {"yolo_loss_*": check_loss, "yolo_nms": check_nms}
