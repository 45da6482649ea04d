"""A graph alone in an evaluation: a process apart computes its maps, with a limit on memory and on time.

That a graph behaved when it was checked says little of what it does later: it may look at how many images it gets.
"""

from __future__ import annotations

import weakref
from dataclasses import replace
from functools import cache
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.apart import told
from lovt_bench.benchmark.backbone.folder import GRAPH, read_manifest
from lovt_bench.benchmark.backbone.graph_model import open_graph, runs_on_gpu
from lovt_bench.benchmark.backbone.model import BATCH, Backbone, BackboneError, batch_sizes
from lovt_bench.benchmark.contract.apart import Apart, Limits
from lovt_bench.benchmark.contract.apart_inside import Answer, Work
from lovt_bench.benchmark.contract.backbone import ONNX_ONLY, FeatureLevel
from lovt_bench.benchmark.contract.run_contract import GIB, MIB

MEMORY = 6 * GIB
"""Bytes of data, besides three times the size of the graph: as much as the check of a submitted graph may use."""
THREAD_MEMORY = 64 * MIB
"""Bytes for each further thread: its stack and its part of the allocator."""
SECONDS = 60.0 + 10.0 * BATCH
"""For a batch: far more than the largest networks of timm need on one core."""


def graph_work(folder: str, threads: int) -> Work:
    """Yield the only image side of a graph, then the maps of each request's images, one after the other."""
    torch.set_num_threads(threads)
    backbone = open_graph(Path(folder))
    request = yield Answer(backbone.fixed_side)
    while True:
        images = torch.frombuffer(request.data, dtype=torch.float32).reshape(request.said)
        maps = [np.ascontiguousarray(each, np.float32) for each in backbone.own_maps(images)]
        request = yield Answer([list(each.shape) for each in maps], b"".join(each.data for each in maps))


class GraphApart(Backbone):
    """A graph alone, in eval mode; the process lives as long as this object.

    Args:
        root: Its folder.
        seconds: For a batch.

    Raises:
        BackboneError: Missing, changed, against the rules, or it cannot be opened within the limits.
    """

    def __init__(self, root: Path, *, seconds: float = SECONDS) -> None:
        manifest = read_manifest(root)
        super().__init__(ONNX_ONLY, tuple(manifest.levels))
        self._name = manifest.name
        threads = torch.get_num_threads()
        size = (root / GRAPH).stat().st_size if (root / GRAPH).is_file() else 0
        self._limits = Limits(
            seconds=seconds * threads,
            clock=seconds,
            memory=MEMORY + threads * THREAD_MEMORY + 3 * size,
            answer=0,
        )
        opening = replace(self._limits, seconds=SECONDS * threads, clock=SECONDS)
        arguments = {"folder": str(root.resolve()), "threads": threads}
        work = f"{__name__}:{graph_work.__name__}"
        self._apart = Apart(work, arguments, opening, threads=threads, gpu=runs_on_gpu())
        weakref.finalize(self, self._apart.close)
        with told(f"{self._name}: opening its graph"):
            side = self._apart.ask().said
        self.fixed_side = side if isinstance(side, int) else None
        self.eval()

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        parts = [self._ask(part) for part in image.split(batch_sizes(len(image)))]
        maps = [torch.cat(level) if len(level) > 1 else level[0] for level in zip(*parts, strict=True)]
        return self.with_substitutes(image, [each.to(image.device) for each in maps])

    def _ask(self, image: Tensor) -> list[Tensor]:
        own = [level for level in self.levels if level.substitute is None]
        shapes = [_shape(level, image) for level in own]
        batch = image.detach().to("cpu", torch.float32).contiguous()
        request = Answer(list(batch.shape), batch.numpy().data)
        with told(f"{self._name}: computing features of {len(batch)} images"):
            answer = self._apart.ask(request, replace(self._limits, answer=4 * sum(map(prod, shapes))))
        if answer.said != [list(shape) for shape in shapes]:
            raise BackboneError(
                f"{self._name}: its graph gives maps of {answer.said} for {len(batch)} images, declared are "
                f"{[list(shape) for shape in shapes]}; submit the graph again"
            )
        values = torch.frombuffer(answer.data, dtype=torch.float32)
        flat = values.split([prod(shape) for shape in shapes])
        return [each.reshape(shape) for each, shape in zip(flat, shapes, strict=True)]


def graph_side(root: Path, sha256: str) -> int | None:
    """Return the only image side that the graph of a folder takes, None for any divisible by 32.

    Args:
        root: The folder.
        sha256: Sha256 of the graph, as its manifest says.

    Raises:
        BackboneError: There is no graph that can be opened.
    """
    return _side(root.resolve(), sha256)


@cache
def _side(root: Path, sha256: str) -> int | None:
    return GraphApart(root).fixed_side


def _shape(level: FeatureLevel, image: Tensor) -> tuple[int, ...]:
    return len(image), level.channels, image.shape[2] // level.stride, image.shape[3] // level.stride
