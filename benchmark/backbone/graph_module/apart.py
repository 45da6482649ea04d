"""A graph to train, proven in a process apart with limits before this process computes with it.

A graph whose manifest says that it can be trained may have been put there by anybody. What it computes follows from
the shape of its input alone, so what it took there it takes here.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lovt_bench.benchmark.backbone.apart import told
from lovt_bench.benchmark.backbone.folder import GRAPH, read_manifest
from lovt_bench.benchmark.backbone.graph_apart import MEMORY, SECONDS
from lovt_bench.benchmark.backbone.graph_module.module import GraphModule, open_module
from lovt_bench.benchmark.backbone.graph_module.proof import prove
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.contract.apart import Limits, run_apart
from lovt_bench.benchmark.contract.apart_inside import Answer, Work

IMAGES = 3
"""That are tried before a run; a submission tries more."""


def load_module(root: Path, sha256: str, side: int) -> GraphModule:
    """Return the backbone of a folder that is a graph alone, to be trained on images of a side.

    Args:
        root: The folder.
        sha256: Sha256 of the graph, as it was resolved.
        side: Image side in pixels.

    Raises:
        BackboneError: The graph cannot be trained after all, or trying it took more than the limits.
    """
    _prove_apart(root.resolve(), sha256, side)
    if read_manifest(root).sha256 != sha256:
        raise BackboneError(f"{root} was replaced after it was resolved; start again")
    return open_module(root, side)


def proof_work(folder: str, side: int) -> Work:
    """Yield what `prove` says."""
    yield Answer(prove(Path(folder), side, (IMAGES,)))


@cache
def _prove_apart(root: Path, sha256: str, side: int) -> None:
    size = (root / GRAPH).stat().st_size if (root / GRAPH).is_file() else 0
    limits = Limits(seconds=SECONDS, clock=SECONDS, memory=MEMORY + 6 * size, answer=0)
    with told(f"{root.name} cannot be fine-tuned: trying its graph"):
        run_apart(f"{__name__}:{proof_work.__name__}", {"folder": str(root), "side": side}, limits)
