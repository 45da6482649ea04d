"""Files by their path in the repository."""

from __future__ import annotations

import re

from tests.conftest import REPOSITORY

DOCS = (REPOSITORY / "docs" / "tasks.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the examples of docs/tasks.md in a language; those of a list lose their indent."""
    return [
        "".join(line.removeprefix("   ") if language == "yaml" else line for line in block.splitlines(True))
        for block in re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)
    ]


(EXAMPLE,) = blocks("yaml")
HEAD, METRIC = blocks("python")

DATASET = '''"""Squares on noise, a mask each."""

from dataclasses import dataclass

from lovt_bench.benchmark.data.images import decode_channel_mean, decode_values, read_bytes
from lovt_bench.benchmark.data.samples import Listing, RawImage, Sample
from lovt_bench.benchmark.data.splits import by_patient


@dataclass(frozen=True)
class Squares:
    name: str = "squares"
    classes: tuple[str, ...] = ("square",)
    has_boxes: bool = False

    def scan(self, raw):
        samples = {
            path.stem: Sample(path.stem, path, path.name, path.stem, mask=raw / "masks" / path.name)
            for path in sorted((raw / "images").glob("*.png"))
        }
        return Listing(samples, (), (), len(samples), (), (), True)

    def draw(self, samples, protocol, seed):
        ids = [sample.id for sample in samples]
        return by_patient(ids, ids, protocol.test_fraction, protocol.validation_fraction, seed)

    def read(self, sample, content, protocol):
        mask = decode_values(read_bytes(sample.mask))
        return RawImage(decode_channel_mean(content), [mask], masks_are_gifs=False)

    def stored_boxes(self, boxes, protocol):
        return boxes


PREPARER = Squares()
'''

ARCHITECTURE = '''"""Five convolutions, each halves the side."""

from torch import nn

from lovt_bench.benchmark.backbone.model import STRIDES, Backbone, level_of


class Narrow(Backbone):
    def __init__(self):
        super().__init__("narrow", tuple(level_of(stride, 8) for stride in STRIDES))
        self.steps = nn.ModuleList(
            nn.Conv2d(8 if place else 3, 8, 3, stride=2, padding=1) for place in range(len(STRIDES))
        )

    def feature_maps(self, image):
        maps = []
        for step in self.steps:
            image = step(image).relu()
            maps.append(image)
        return tuple(maps)


ARCHITECTURES = {"narrow": Narrow}
'''

TASK = """number: 41
id: squares_thin
title: Squares, thin head
dataset: squares
target: masks
classes: [square]
train_fraction: 1.0
validation_fraction: 1.0
head: thin
backbone: frozen
batch_size: 8
learning_rates: [1.0e-2, 1.0e-3]
max_epochs: 5
patience: 5
monitor: square_dice
metric: square_found
metric_label: Found
extra_metrics: [square_dice]
published_train_images: 0
"""

SUITE = """name: mine
title: Mine
tasks: [squares_thin]
"""

PROFILE = """name: tiny
title: Tiny
image_side: 64
max_batch_size: 4
max_epochs: {thin: 2, linear: 1}
max_learning_rates: {thin: 2, linear: 1}
max_runs: 2
"""

ADDED = {
    "tasks/heads/thin.py": HEAD,
    "tasks/metrics/found.py": METRIC,
    "tasks/specs/squares_thin.yaml": TASK,
    "tasks/specs/siim_linear.yaml": EXAMPLE,
    "tasks/suites/mine.yaml": SUITE,
    "tasks/profiles/tiny.yaml": PROFILE,
    "benchmark/data/preparers/squares.py": DATASET,
    "benchmark/backbone/architectures/narrow.py": ARCHITECTURE,
}
