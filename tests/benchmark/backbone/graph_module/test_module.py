"""Graphs of real exporters become modules: equal maps, equal gradients, and what the origin trains is trained."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import timm
import torch
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

from lovt_bench.benchmark.backbone.graph_module.module import GraphModule, open_module
from lovt_bench.benchmark.backbone.graph_module.node import UntrainableError
from lovt_bench.benchmark.backbone.graph_module.plan import Plan, make_plan
from lovt_bench.benchmark.backbone.graph_module.proof import prove
from tests.benchmark.backbone.graph_module.graph_folder import graph_folder
from tests.benchmark.backbone.graphs import pyramid

SIDE = 64


class Levels(nn.Module):
    """A network of timm with its levels as outputs: of a transformer the last alone."""

    def __init__(self, network: Any, last: bool) -> None:
        super().__init__()
        self.network, self.last = network, last

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        maps = self.network.forward_intermediates(pixels, intermediates_only=True)
        return tuple(maps[-1:] if self.last else maps)


def swin() -> nn.Module:
    return timm.models.SwinTransformer(
        img_size=SIDE, embed_dim=16, depths=(2, 2), num_heads=(2, 4), window_size=4, num_classes=0
    )


NETWORKS: dict[str, tuple[Callable[[], nn.Module], bool]] = {
    "vit": (lambda: timm.create_model("test_vit", img_size=SIDE, num_classes=0), True),
    "swin": (swin, False),
    "convnext": (lambda: timm.create_model("test_convnext", num_classes=0), False),
    "efficientnet": (lambda: timm.create_model("test_efficientnet", num_classes=0), False),
}


def drawn(name: str) -> Levels:
    """Return a network whose weights are noise, those that begin as ones and zeros too, in eval mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        make, last = NETWORKS[name]
        network = make()
        for tensor in (*network.parameters(), *(b for n, b in network.named_buffers() if "running" in n)):
            tensor.data += 0.1 * torch.rand_like(tensor)
        return Levels(network, last).eval()


@cache
def exported(name: str) -> ModelProto:
    """Return what torch's older exporter writes, in a second; `test_fine_tuning` covers the newer one."""
    image, network = torch.zeros(2, 3, SIDE, SIDE), drawn(name)
    file: Any = io.BytesIO()
    maps = network(image)
    names = [f"out{place}" for place, _ in enumerate(maps)]
    axes = {each: {0: "batch"} for each in ("pixels", *names)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, (image,), file, opset_version=18, dynamo=False, dynamic_axes=axes, input_names=["pixels"],
            output_names=names,
        )  # fmt: skip
    model = onnx.load_from_string(file.getvalue())
    for output, level in zip(model.graph.output, maps, strict=True):
        for entry, size in zip(output.type.tensor_type.shape.dim[1:], level.shape[1:], strict=True):
            entry.dim_value = size  # shape inference does not get through this exporter's arithmetic
    return model


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_of_timm_can_be_trained_from_its_graph(name: str, tmp_path: Path) -> None:
    """The oracle is the network itself: maps, gradients by weight, and which values there are."""
    network = drawn(name)
    root = graph_folder(tmp_path / name, exported(name))
    assert "can be fine-tuned" in prove(root, batches=(3,))
    module = open_module(root)
    image = torch.randn(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    maps, expected = list(module(image).values()), network(image)
    if module.levels[0].substitute:
        maps = maps[1:]
    loss(maps).backward()
    loss(expected).backward()
    for found, other in zip(maps, expected, strict=True):
        torch.testing.assert_close(found, other, rtol=1e-4, atol=1e-5 * float(other.abs().max()))
    if name != "efficientnet":  # its batch norm is folded, so no weight is one of the network's
        found_weights = {key(each): each.grad for each in module.weights}
        trained = {n: each for n, each in network.named_parameters() if each.grad is not None}
        same = {n: found_weights[key(each)] for n, each in trained.items() if key(each) in found_weights}
        others = set(trained) - set(same)
        # The exporter splits or gathers nothing else: a table by window, the bias of a fused product.
        assert all("relative_position_bias" in n for n in others), others
        for n, gradient in same.items():
            assert gradient is not None
            one, other = gradient.flatten().sort().values, trained[n].grad.flatten().sort().values  # type: ignore[union-attr]
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4 * float(other.abs().max()), msg=n)


def loss(maps: list[Tensor] | tuple[Tensor, ...]) -> Tensor:
    return sum((each.square().mean() for each in maps), torch.zeros(()))


def key(weight: Tensor) -> tuple[float, ...]:
    """Return what tells tensors apart, transposed or not."""
    ordered = weight.detach().flatten().sort().values
    return (len(ordered), float(ordered[0]), float(ordered[-1]), float(ordered[len(ordered) // 2]))


def test_masks_stay_and_a_class_token_is_trained() -> None:
    plan = planned(exported("swin"))
    assert plan.fixed
    assert all(each.numel() == 1 or each.unique().tolist() == [-100.0, 0.0] for each in plan.fixed.values())
    token = drawn("vit").network.cls_token
    assert any(
        torch.equal(each.flatten(), token.flatten()) for each in planned(exported("vit")).weights.values()
    )


def planned(model: ModelProto) -> Plan:
    model = ModelProto.FromString(model.SerializeToString())
    for node in model.graph.node:
        node.input[:] = ["image" if name == "pixels" else name for name in node.input]
    return make_plan(model)


def test_statistics_of_batch_norm_are_never_estimated_anew(tmp_path: Path) -> None:
    root = graph_folder(tmp_path / "norm", normed())
    module = open_module(root)
    images = torch.randn(5, 3, SIDE, SIDE) * 3 + 1
    before = module(images)[4]
    module.train()
    assert torch.equal(module(images)[4], before)
    assert torch.equal(module.eval()(images)[4], before)
    assert sorted(tuple(each.shape) for each in module.weights) == [(4,), (4,), (4, 3, 4, 4)]
    assert set(module.state_dict()) == {f"weights.{place}" for place in range(3)}


def test_equal_tensors_that_are_stored_once_are_trained_apart(tmp_path: Path) -> None:
    model = normed()
    (node,) = (each for each in model.graph.node if each.op_type == "BatchNormalization")
    node.input[2] = node.input[1]
    root = graph_folder(tmp_path / "shared", model)
    shared = open_module(root)
    assert len(shared.weights) == 2, "values that differ are one weight"
    for each in model.graph.initializer:
        if each.name == node.input[1]:
            each.CopyFrom(numpy_helper.from_array(np.ones(4, np.float32), each.name))
    assert len(open_module(graph_folder(tmp_path / "apart", model)).weights) == 3


def test_no_weight_shares_memory_so_a_step_is_that_of_the_network(tmp_path: Path) -> None:
    """Scale and variance are stored once, as are bias, mean and bias of the convolution."""
    model = normed()
    (conv, norm) = model.graph.node
    conv.input.append("m")
    norm.input[:] = ["raw", "v", "m", "m", "v"]
    for each in model.graph.initializer:
        if each.name in ("m", "v"):
            each.CopyFrom(numpy_helper.from_array(np.full(4, each.name == "v", np.float32), each.name))
    module = open_module(graph_folder(tmp_path / "once", model))
    places = [each.data_ptr() for each in (*module.weights, *module.buffers())]
    assert len(module.weights) == 4
    assert len(set(places)) == len(places)
    network: Any = nn.Sequential(nn.Conv2d(3, 4, 4, stride=4), nn.BatchNorm2d(4)).eval()
    with torch.no_grad():
        network[0].bias.zero_()
        network[0].weight.copy_(next(each for each in module.weights if each.ndim == 4))
    image = torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    slope = torch.linspace(-1, 1, 16)
    for trained, level in ((module, lambda: module(image)[4]), (network, lambda: network(image))):
        optimiser = torch.optim.Adam(trained.parameters(), 0.1)
        (level() * slope).square().mean().backward()
        optimiser.step()
    with torch.no_grad():
        torch.testing.assert_close(module(image)[4], network(image))


def test_a_weight_under_two_names_is_one(tmp_path: Path) -> None:
    """Exporters write `Identity` where a network has one weight in two places."""
    model = with_nodes(
        helper.make_node("Identity", ["b"], ["same"]),
        helper.make_node("Add", ["inner", "b"], ["first"]),
        helper.make_node("Sub", ["first", "same"], ["level4"]),
        b=np.arange(4, dtype=np.float32).reshape(1, 4, 1, 1),
    )
    module = open_module(graph_folder(tmp_path / "tied", model, {"level4": 4}))
    (bias,) = (each for each in module.weights if each.numel() == 4)
    module(torch.randn(1, 3, SIDE, SIDE))[4].sum().backward()
    assert bias.grad is not None
    assert not bias.grad.any(), "what one place adds, the other takes away"


def normed() -> ModelProto:
    """Return a convolution with batch norm behind it, as exporters leave it that fold nothing."""
    rng = np.random.default_rng(0)
    arrays = {
        "w": rng.normal(size=(4, 3, 4, 4)),
        **{name: rng.uniform(0.5, 2, 4) for name in ("s", "b", "m", "v")},
    }
    return helper.make_model(
        helper.make_graph(
            [
                helper.make_node("Conv", ["pixels", "w"], ["raw"], strides=[4, 4]),
                helper.make_node("BatchNormalization", ["raw", "s", "b", "m", "v"], ["level"]),
            ],
            "norm",
            [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
            [helper.make_tensor_value_info("level", TensorProto.FLOAT, ["batch", 4, 16, 16])],
            [numpy_helper.from_array(array.astype(np.float32), name) for name, array in arrays.items()],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=10,
    )


def with_nodes(*nodes: onnx.NodeProto, **constants: np.ndarray) -> ModelProto:
    """Return `pyramid` whose level of stride 4 goes through more nodes, from `inner` to `level4`."""
    model = pyramid(strides=(4,), side=SIDE)
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = ["inner" if name == "level4" else name for name in names]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(numpy_helper.from_array(each, name) for name, each in constants.items())
    return model


REFUSED = {
    "TopK": (
        with_nodes(
            helper.make_node("TopK", ["inner", "k"], ["best", "place"]),
            helper.make_node("Add", ["inner", "best"], ["level4"]),
            k=np.array([1]),
        ),
        "TopK cannot be trained here",
    ),
    "Round": (with_nodes(helper.make_node("Round", ["inner"], ["level4"])), "Round has no gradient"),
    "Cast": (
        with_nodes(
            helper.make_node("Cast", ["inner"], ["whole"], to=TensorProto.INT32),
            helper.make_node("Cast", ["whole"], ["level4"], to=TensorProto.FLOAT),
        ),
        "Cast to whole numbers has no gradient",
    ),
    "shape": (
        with_nodes(
            helper.make_node("ReduceMax", ["inner"], ["most"], keepdims=0),
            helper.make_node("Cast", ["most"], ["many"], to=TensorProto.INT64),
            helper.make_node("Unsqueeze", ["many", "zero"], ["shape"]),
            helper.make_node("Expand", ["inner", "shape"], ["level4"]),
            zero=np.array([0]),
        ),
        "Expand whose shape depends on what an image shows",
    ),
    "memory": (
        with_nodes(
            helper.make_node("Tile", ["inner", "often"], ["many"]),
            helper.make_node("ReduceMean", ["many", "first"], ["level4"]),
            often=np.array([1 << 40, 1, 1, 1]),
            first=np.array([0]),
        ),
        "Tile cannot be executed by torch",
    ),
    "cubic": (
        with_nodes(
            helper.make_node("Resize", ["inner", "", "", "size"], ["level4"], mode="cubic"),
            size=np.array([1, 4, 16, 16]),
        ),
        "Resize with mode cubic cannot be trained here",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_trained_is_told_by_operator(name: str, tmp_path: Path) -> None:
    model, said = REFUSED[name]
    root = graph_folder(tmp_path / name.lower(), model, {"level4": 4})
    with pytest.raises(UntrainableError, match=said):
        open_module(root)


def test_a_graph_without_weights_has_nothing_to_train(tmp_path: Path) -> None:
    model = pyramid(strides=(4,), side=SIDE)
    del model.graph.initializer[:]
    del model.graph.node[:]
    model.graph.node.extend(
        [
            helper.make_node("AveragePool", ["pixels"], ["small"], kernel_shape=[4, 4], strides=[4, 4]),
            helper.make_node("Concat", ["small", "one"], ["level4"], axis=1),
            helper.make_node("ReduceMean", ["small", "axes"], ["one"]),
        ]
    )
    model.graph.node.sort(key=lambda node: ["AveragePool", "ReduceMean", "Concat"].index(node.op_type))
    model.graph.initializer.append(numpy_helper.from_array(np.array([1]), "axes"))
    with pytest.raises(UntrainableError, match="holds no weights"):
        open_module(graph_folder(tmp_path / "bare", model))


def test_it_is_of_any_side_where_the_graph_is(tmp_path: Path) -> None:
    module: GraphModule = open_module(graph_folder(tmp_path / "any", pyramid()))
    assert module.fixed_side is None
    assert module(torch.zeros(1, 3, 96, 96))[32].shape == (1, 4, 3, 3)
    assert prove(tmp_path / "any", 96, (2,))
