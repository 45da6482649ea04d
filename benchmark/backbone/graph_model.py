"""A graph alone behind the interface of all backbones: onnxruntime computes, nothing can be trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnx import ModelProto
from torch import Tensor

from lovt_bench.benchmark.backbone.export import INPUT
from lovt_bench.benchmark.backbone.folder import GRAPH, MANIFEST, read_manifest
from lovt_bench.benchmark.backbone.graph_rules import fixed_side, read_graph, rule_problems
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.contract.backbone import ONNX_ONLY, BackboneManifest
from lovt_bench.benchmark.contract.plain_file import is_plain
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.disk.digest import file_sha256


def runs_on_gpu() -> bool:
    """Return whether torch has a GPU that onnxruntime can use."""
    import onnxruntime

    return torch.cuda.is_available() and "CUDAExecutionProvider" in onnxruntime.get_available_providers()


def open_session(path: Path) -> Any:
    """Return an onnxruntime session, on the GPU where torch has one, without TF32."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = torch.get_num_threads()
    providers: list[Any] = ["CPUExecutionProvider"]
    if runs_on_gpu():
        providers.insert(0, ("CUDAExecutionProvider", {"use_tf32": "0"}))
    return onnxruntime.InferenceSession(str(path), options, providers=providers)


class GraphBackbone(Backbone):
    """The levels that a manifest declares, computed by its graph.

    It runs what somebody hostile may have written: `graph_apart` does so in a process apart.

    Args:
        path: The graph; its digest and rules are looked at by `open_graph`.
        manifest: What is declared.
        side: The only image side that it takes, None for any divisible by 32.
    """

    def __init__(self, path: Path, manifest: BackboneManifest, side: int | None) -> None:
        super().__init__(ONNX_ONLY, tuple(manifest.levels))
        self.fixed_side = side
        self._names = [level.name for level in self.levels if level.substitute is None]
        try:
            self._session = open_session(path)
        except Exception as error:  # onnxruntime raises classes of its own that share no base but Exception
            raise BackboneError(f"onnxruntime cannot open {path}: {clean_text(str(error), 300)}") from error

    def own_maps(self, image: Tensor) -> list[np.ndarray]:
        """Return the maps of the levels that the graph computes, in their order."""
        batch = image.detach().to("cpu", torch.float32).contiguous().numpy()
        try:
            return [np.asarray(each) for each in self._session.run(self._names, {INPUT: batch})]
        except Exception as error:  # as above
            raise BackboneError(f"onnxruntime cannot run the graph: {clean_text(str(error), 300)}") from error

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        maps = [torch.from_numpy(each).to(image.device) for each in self.own_maps(image)]
        return self.with_substitutes(image, maps)


def checked_graph(root: Path) -> tuple[ModelProto, BackboneManifest]:
    """Return graph and manifest of a folder that is a graph alone; nothing is run.

    Raises:
        BackboneError: Missing, not what the manifest says, or against the rules of `graph_rules`.
    """
    manifest, path = read_manifest(root), root / GRAPH
    if not is_plain(path):
        raise BackboneError(f"{root} holds no {GRAPH}; submit the graph again")
    if (found := file_sha256(path)) != manifest.onnx_sha256:
        raise BackboneError(
            f"{path} has the SHA-256 {found}, {MANIFEST} says {manifest.onnx_sha256}: the graph was changed; "
            "submit it again"
        )
    model = read_graph(path)
    if problems := list(rule_problems(model, path.stat().st_size)):
        raise BackboneError(f"{path}: {'; '.join(problems)}")
    return model, manifest


def open_graph(root: Path) -> GraphBackbone:
    """Return the backbone of a folder that is a graph alone, in eval mode, computed by this process.

    Raises:
        BackboneError: As `checked_graph` raises it.
    """
    model, manifest = checked_graph(root)
    backbone = GraphBackbone(root / GRAPH, manifest, fixed_side(model))
    backbone.eval()
    return backbone
