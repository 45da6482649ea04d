"""Normalisations. That of a batch is in its form for inference: by stored statistics, which nothing estimates anew."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from lovt_bench.benchmark.backbone.graph_module.node import Attributes, Inputs, Operator, given, needed


def _batch(attributes: Attributes, inputs: Inputs) -> Tensor:
    found, scale, bias, mean, variance = (needed(inputs, position) for position in range(5))
    if attributes.integer("training_mode", 0):
        raise attributes.refuse("in training mode")
    return F.batch_norm(found, mean, variance, scale, bias, False, 0.0, attributes.number("epsilon", 1e-5))


def _layer(attributes: Attributes, inputs: Inputs) -> Tensor:
    found, scale, bias = needed(inputs, 0), needed(inputs, 1), given(inputs, 2)
    axis = attributes.integer("axis", -1)
    shape = tuple(found.shape[axis:])
    epsilon = attributes.number("epsilon", 1e-5)
    if tuple(scale.shape) == shape and (bias is None or tuple(bias.shape) == shape):
        return F.layer_norm(found, shape, scale, bias, epsilon)
    normed = F.layer_norm(found, shape, None, None, epsilon) * scale
    return normed if bias is None else normed + bias


def _instance(attributes: Attributes, inputs: Inputs) -> Tensor:
    found = needed(inputs, 0)
    epsilon = attributes.number("epsilon", 1e-5)
    return F.group_norm(found, found.shape[1], needed(inputs, 1), needed(inputs, 2), epsilon)


def _group(attributes: Attributes, inputs: Inputs) -> Tensor:
    """Scale and bias are those of groups in this opset, of channels in a later one."""
    found, scale, bias = needed(inputs, 0), needed(inputs, 1), needed(inputs, 2)
    groups = attributes.integer("num_groups", 1)
    normed = F.group_norm(found, groups, None, None, attributes.number("epsilon", 1e-5))
    apart = normed.reshape(len(found), groups, -1)
    return (apart * scale.reshape(1, groups, 1) + bias.reshape(1, groups, 1)).reshape(found.shape)


def _local_response(attributes: Attributes, inputs: Inputs) -> Tensor:
    size = attributes.integer("size", 0)
    if size % 2 == 0:
        raise attributes.refuse(f"of the even size {size}")
    alpha, beta = attributes.number("alpha", 1e-4), attributes.number("beta", 0.75)
    return F.local_response_norm(needed(inputs, 0), size, alpha, beta, attributes.number("bias", 1.0))


_WEIGHTS = frozenset({1, 2})
TABLE: dict[str, Operator] = {
    "BatchNormalization": Operator(_batch, weights=_WEIGHTS),
    "LayerNormalization": Operator(_layer, weights=_WEIGHTS),
    "InstanceNormalization": Operator(_instance, weights=_WEIGHTS),
    "GroupNormalization": Operator(_group, weights=_WEIGHTS),
    "LRN": Operator(_local_response),
}
"""Names of the standard."""
