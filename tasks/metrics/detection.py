"""Detection metrics of a split: batches are decoded as they come, detections are ranked once, at the end."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from benchmark.contract.protocol import Protocol
from tasks.boxes import BoxTarget
from tasks.detection import Detections, detect
from tasks.metrics.froc import froc
from tasks.metrics.mean_average_precision import coco_map, mean_average_precision, positive_map

MAP_NAMES = {"mAP", "mAP@0.5", "mAP@0.75"}


class DetectionMetrics:
    """mAP and fROC of the batches so far, as named fractions in [0, 1]."""

    def __init__(
        self, classes: int, names: Collection[str], protocol: Protocol, extended: bool = False
    ) -> None:
        """Prepare to compute what `names` asks for; `extended` asks for everything."""
        self.classes = classes
        self.names = set(names)
        self.protocol = protocol
        self.extended = extended
        self._detections: list[Detections] = []
        self._targets: list[BoxTarget] = []

    def update(self, output: Sequence[Tensor], target: BoxTarget) -> None:
        """Take the raw maps of a batch and its boxes, on any device."""
        self._detections.append(detect([scale.detach() for scale in output], self.protocol.yolo))
        self._targets.append(target.to("cpu"))

    def compute(self) -> dict[str, float]:
        """Return `detection_scores` of all images.

        Raises:
            ValueError: nothing was given.
        """
        if not self._targets:
            raise ValueError("no batch was given to `update`")
        names = None if self.extended else self.names
        return detection_scores(self.predictions(), _join(self._targets), self.classes, self.protocol, names)

    def predictions(self) -> Detections:
        """Return what the scores follow from."""
        return Detections.join(self._detections)


def detection_scores(
    detections: Detections,
    target: BoxTarget,
    classes: int,
    protocol: Protocol,
    names: Collection[str] | None = None,
) -> dict[str, float]:
    """Return metrics of the images of a split as fractions in [0, 1].

    Args:
        detections: of N images, on the CPU.
        target: boxes of the same images, on the CPU.
        classes: number of classes.
        protocol: its conventions.
        names: what is wanted, with what comes along; None for everything.
    """
    result: dict[str, float] = {}
    if names is None or MAP_NAMES.intersection(names):
        result |= mean_average_precision(detections, target, classes, protocol.metrics)
    if names is None or "pos_mAP" in names:
        result["pos_mAP"] = positive_map(detections, target, classes, protocol.metrics)
    if names is None or "froc" in names:
        result["froc"] = froc(
            detections.boxes.numpy(),
            detections.scores.numpy(),
            detections.counts.numpy(),
            target.boxes[target.valid()].numpy(),
            target.counts.numpy(),
            protocol.metrics,
        )
    if names is None or "coco_mAP" in names:
        result["coco_mAP"] = coco_map(detections, target)
    return result


def _join(targets: Sequence[BoxTarget]) -> BoxTarget:
    """Return the boxes of several batches as one target, padded to the longest."""
    longest = max(target.boxes.shape[1] for target in targets)
    boxes, classes = [], []
    for target in targets:
        missing = longest - target.boxes.shape[1]
        boxes.append(torch.nn.functional.pad(target.boxes, (0, 0, 0, missing)))
        if target.classes is not None:
            classes.append(torch.nn.functional.pad(target.classes, (0, missing)))
    counts = torch.cat([target.counts for target in targets])
    return BoxTarget(torch.cat(boxes), counts, torch.cat(classes) if classes else None)
