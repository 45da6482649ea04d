"""Detection metrics of a split: batches are decoded as they come, detections are ranked once, at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch import Tensor

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.tasks.boxes import BoxTarget
from lovt_bench.tasks.detection import Detections
from lovt_bench.tasks.scores import detection_scores


class DetectionMetrics:
    """mAP and fROC of the batches so far, as named fractions in [0, 1]."""

    def __init__(
        self,
        classes: int,
        names: Collection[str],
        protocol: Protocol,
        detect: Callable[[Any, Protocol], Detections],
        extended: bool = False,
    ) -> None:
        """Prepare to compute what `names` asks for; `extended` asks for everything.

        Args:
            classes: Number of classes.
            names: Names of metrics.
            protocol: Its conventions.
            detect: Function of the head's file: from its output to detections.
            extended: Whether this is the test split.
        """
        self.classes = classes
        self.names = set(names)
        self.protocol = protocol
        self.detect = detect
        self.extended = extended
        self._detections: list[Detections] = []
        self._targets: list[BoxTarget] = []

    def update(self, output: Sequence[Tensor], target: BoxTarget) -> None:
        """Take the head's output for a batch and its boxes, on any device."""
        self._detections.append(self.detect([scale.detach() for scale in output], self.protocol))
        self._targets.append(target.to("cpu"))

    def compute(self) -> dict[str, float]:
        """Return `detection_scores` of all images.

        Raises:
            ValueError: Nothing was given.
        """
        if not self._targets:
            raise ValueError("no batch was given to `update`")
        names = None if self.extended else self.names
        return detection_scores(self.predictions(), _join(self._targets), self.classes, self.protocol, names)

    def predictions(self) -> Detections:
        """Return what the scores follow from."""
        return Detections.join(self._detections)


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
