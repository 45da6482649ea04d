"""A graph behind the interface of all backbones, executed by torch: its weights are parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from onnx import ModelProto
from torch import Tensor, nn

from lovt_bench.benchmark.backbone.export import INPUT
from lovt_bench.benchmark.backbone.graph_model import checked_graph
from lovt_bench.benchmark.backbone.graph_module.node import UntrainableError
from lovt_bench.benchmark.backbone.graph_module.plan import Reference, Step, execute, make_plan
from lovt_bench.benchmark.backbone.graph_rules import fixed_side
from lovt_bench.benchmark.backbone.model import Backbone, batch_sizes
from lovt_bench.benchmark.contract.backbone import ONNX_ONLY, BackboneManifest
from lovt_bench.benchmark.contract.run_contract import GIB

Seen = Callable[[Step, tuple[Tensor, ...]], None]
"""Is told each step and its outputs."""

ACTIVATIONS = 4 * GIB
"""Bytes that all values of one image may have together: ten times those of the largest networks of timm."""


class GraphModule(Backbone):
    """The levels that a manifest declares, computed by torch from its graph.

    Batch normalisation uses the statistics of the graph in any mode, and a graph that the exporter folded it into stays
    so. Images go in the batches that a graph alone gets everywhere (`batch_sizes`).

    Args:
        model: Keeps to the rules of `graph_rules`, under the names of the contract.
        manifest: What is declared.
        side: Image side at which shapes are tried out; the manifest's by default.

    Raises:
        UntrainableError: Something in it cannot be trained; the operator is named.
    """

    def __init__(self, model: ModelProto, manifest: BackboneManifest, side: int | None = None) -> None:
        super().__init__(ONNX_ONLY, tuple(manifest.levels))
        self.fixed_side = fixed_side(model)
        self._names = [level.name for level in self.levels if level.substitute is None]
        plan = make_plan(model)
        self._plan = plan
        self.weights = nn.ParameterList(plan.weights.values())
        for place, tensor in enumerate(plan.fixed.values()):
            # They never change, so a checkpoint needs none of them; masks may hold infinities.
            self.register_buffer(f"fixed_{place}", tensor, persistent=False)
        self.side = self.fixed_side or side or manifest.input.side
        """At which shapes were tried out."""
        self._try_shapes(self.side)
        self.eval()

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        constants = self._constants()
        parts = [self._own_maps(part, constants) for part in image.split(batch_sizes(len(image)))]
        maps = [torch.cat(level) if len(level) > 1 else level[0] for level in zip(*parts, strict=True)]
        return self.with_substitutes(image, maps)

    def _constants(self) -> dict[str, Tensor]:
        weights = dict(zip(self._plan.weights, self.weights, strict=True))
        return weights | {
            name: self.get_buffer(f"fixed_{place}") for place, name in enumerate(self._plan.fixed)
        }

    def _own_maps(
        self, image: Tensor, constants: Mapping[str, Tensor], seen: Seen = lambda step, found: None
    ) -> list[Tensor]:
        values = {INPUT: image}

        def value(reference: Reference, as_number: bool) -> Tensor:
            if reference.kind == "constant":
                return constants[reference.name]
            found = (
                values[reference.name] if reference.kind == "value" else self._plan.numbers[reference.name]
            )
            return found if as_number else found.to(image.device)

        for step in self._plan.steps:
            inputs = [
                None if each is None else value(each, step.on_host or place in step.operator.host)
                for place, each in enumerate(step.inputs)
            ]
            found = execute(step.operator, step.attributes, inputs)
            seen(step, found)
            values.update(zip(step.outputs, found, strict=False))
            for name in step.last:
                values.pop(name, None)
        return [values[name] for name in self._names]

    def _try_shapes(self, side: int) -> None:
        """Compute one image: to load what torch needs to work out shapes without computing takes 2.4 s.

        Raises:
            UntrainableError: Shapes do not fit, take too much, or an image's values become whole numbers on the way.
        """
        size = 0

        def seen(step: Step, found: tuple[Tensor, ...]) -> None:
            nonlocal size
            size += sum(each.numel() * each.element_size() for each in found)
            if size > ACTIVATIONS:
                raise UntrainableError(
                    f"more than {ACTIVATIONS >> 30} GiB of values an image cannot be trained here"
                )
            if step.attributes.operator == "Cast" and not step.on_host and not found[0].is_floating_point():
                raise UntrainableError("Cast to whole numbers has no gradient and cannot be trained here")

        with torch.no_grad():
            maps = self._own_maps(torch.zeros(1, 3, side, side), self._constants(), seen)
        for level, found in zip((each for each in self.levels if each.substitute is None), maps, strict=True):
            expected = (1, level.channels, side // level.stride, side // level.stride)
            if tuple(found.shape) != expected:
                raise UntrainableError(
                    f"torch gives level {level.name} the shape {list(found.shape)}, declared is {list(expected)}"
                )


def open_module(root: Path, side: int | None = None) -> GraphModule:
    """Return the backbone of a folder that is a graph alone, in eval mode on the CPU, with weights to train.

    It reads and executes what somebody hostile may have written: `apart` does so before, in a process apart.

    Raises:
        BackboneError: Missing, not what the manifest says, or against the rules of `graph_rules`.
        UntrainableError: It cannot be trained; the operator is named.
    """
    model, manifest = checked_graph(root)
    return GraphModule(model, manifest, side)
