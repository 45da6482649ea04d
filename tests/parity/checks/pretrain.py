"""Checks of pretrain_*: losses, attentions, one whole LoVT step (pretraining.md sections 1.1 to 1.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lovt_bench.submissions.common.attention_pooling import AttentionPooling
from lovt_bench.submissions.common.cross_attention import CrossAttention
from lovt_bench.submissions.common.image_text.features import ImageFeatures, ReportFeatures
from lovt_bench.submissions.common.losses.global_alignment import global_alignment
from lovt_bench.submissions.common.losses.local_alignment import (
    local_alignment,
    region_positives,
    sentence_positives,
)
from lovt_bench.submissions.common.text.pooling import report_maximum, sentence_features
from lovt_bench.submissions.lovt.alignment import Alignment
from lovt_bench.submissions.lovt.settings import Settings
from tests.parity.compare import Comparison, Failure
from tests.parity.formula import fill, formula_values
from tests.parity.golden import GoldenError, GoldenFile, guarded

LOCAL_WEIGHT = 0.375
PARTS = {
    "scan.global_attention": "image_pooling.attention",
    "scan.local_projection": "alignment.image_local_head",
    "scan.global_projection": "alignment.image_global_head",
    "report.global_attention": "report_pooling.attention",
    "report.local_projection": "alignment.report_local_head",
    "report.global_projection": "alignment.report_global_head",
    "cross_attention": "alignment.cross_attention",
}
"""Descriptive names of the vectors' modules in the order of their weights, and our own."""

LAYERS = {"in": "inner", "bn": "norm", "out": "outer"}
"""Descriptive names of layers where ours differ."""


def cases(golden: GoldenFile) -> list[str]:
    """Return what stands before `/` in the arrays' names, in their order."""
    return list(dict.fromkeys(name.split("/")[0] for name in golden.arrays if "/" in name))


def stored(module: nn.Module) -> list[Tensor]:
    """Return parameters and running statistics in order."""
    state = module.state_dict(keep_vars=True)
    return [tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")]


def check_global(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare losses, gradients and retrieval accuracies of each batch."""
    for case in cases(golden):
        yield from guarded(case, global_case, golden, case)


def global_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    images, reports = (golden.tensor(f"{case}/{name}", grad=True) for name in ("za", "zb"))
    result = global_alignment(images, reports)
    total = result.total()
    both = global_alignment(images, reports, same_modality=True)
    gradients = torch.autograd.grad(total, (images, reports))
    values = {
        "loss_a2b": result.image_to_report,
        "loss_b2a": result.report_to_image,
        "total": total,
        "grad_za": gradients[0],
        "grad_zb": gradients[1],
        "same_modality_a2b": both.image_to_report,
        "same_modality_b2a": both.report_to_image,
    } | {f"global_{name}_acc": value for name, value in result.accuracies.items()}
    for name, value in values.items():
        yield golden.compare(f"{case}/{name}", value, case, name)


def check_local(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare positive weights, and losses and gradients of each side with and without region weights."""
    height, width = golden.entry["scan_grid"]
    regions = region_positives(height, width)
    yield from guarded("scan_positives", positives_case, golden, regions)
    for side in dict.fromkeys(name.removesuffix("_z") for name in golden.arrays if name.endswith("_z")):
        if f"{side}_l2att" in golden.arrays:
            yield from guarded(side, local_case, golden, side, "", regions)
        if f"{side}_noweights_l2att" in golden.arrays:
            yield from guarded(f"{side}_noweights", local_case, golden, side, "_noweights", regions)


def positives_case(golden: GoldenFile, regions: Tensor) -> Iterator[Comparison]:
    yield golden.compare("scan_positive_weights", regions, "scan_positives")


def local_case(golden: GoldenFile, side: str, variant: str, regions: Tensor) -> Iterator[Comparison]:
    z, attended = (golden.tensor(f"{side}_{name}", grad=True) for name in ("z", "zatt"))
    positives = regions if side == "scan" else sentence_positives(z.shape[1])
    loss = local_alignment(
        z,
        attended,
        positives,
        weights=None if variant else golden.tensor(f"{side}_weights"),
        mask=golden.tensor(f"{side}_mask") if f"{side}_mask" in golden.arrays else None,
    )
    gradients = torch.autograd.grad(LOCAL_WEIGHT * (loss.to_attended + loss.from_attended), (z, attended))
    values = zip(("l2att", "att2l", "grad_z", "grad_zatt"), (*loss, *gradients), strict=True)
    for name, value in values:
        yield golden.compare(f"{side}{variant}_{name}", value, f"{side}{variant}", name)


def check_cross_attention(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare what each side attends to, and gradients, with BN in train and in eval mode."""
    for case in cases(golden):
        yield from guarded(case, cross_attention_case, golden, case)


def cross_attention_case(golden: GoldenFile, case: str) -> Iterator[Comparison]:
    regions, sentences = (golden.tensor(name, grad=True) for name in ("regions", "sentences"))
    mask = golden.tensor("mask")
    module = CrossAttention(regions.shape[-1]).train(case == "train")
    fill(stored(module), golden.entry["weights"]["tensors"])
    attended = module(regions, sentences, mask)
    seeds = re.findall(r"seed (\d+)", golden.arrays[f"{case}/grad_regions"]["meaning"])
    if len(seeds) != 2:
        raise GoldenError(f"{case}/grad_regions: expected two seeds in its meaning, found {seeds}")
    outputs = (attended.regions, attended.sentences * mask[..., None])
    objective = sum(
        (output * torch.from_numpy(formula_values(output.shape, int(seed)).astype(np.float32))).sum()
        for output, seed in zip(outputs, seeds, strict=True)
    )
    assert isinstance(objective, Tensor)
    gradients = torch.autograd.grad(objective, (regions, sentences))
    values = {
        "attended_regions": attended.regions,
        "attended_sentences": attended.sentences,
        "probs_regions": attended.region_probabilities,
        "probs_sentences": attended.sentence_probabilities,
        "grad_regions": gradients[0],
        "grad_sentences": gradients[1],
    }
    for name, value in values.items():
        yield golden.compare(f"{case}/{name}", value, case, name)


class Step(nn.Module):
    """All that stands between the two encoders' features and the total loss, as LoVT trains it."""

    def __init__(self, weights: Mapping[str, Any]) -> None:
        super().__init__()
        dims = weights["dims"]
        self.settings = Settings(projection_hidden=dims["d_hidden"], projection_dim=dims["d_z"])
        self.image_pooling = AttentionPooling(dims["d_scan"])
        self.report_pooling = AttentionPooling(dims["d_report"])
        rows, columns = dims["grid"]
        self.alignment = Alignment(dims["d_scan"], dims["d_report"], (rows, columns), self.settings)
        self.seen: dict[str, Any] = {}
        for name, module in self.alignment.named_children():
            module.register_forward_hook(lambda _m, _i, output, name=name: self.seen.update({name: output}))
        fill(
            [tensor for name in PARTS.values() for tensor in stored(self.get_submodule(name))],
            weights["tensors"],
        )

    def loss_weights(self) -> dict[str, float]:
        """Return the weights of the losses by their names in the manifest."""
        settings = self.settings
        return {
            "local_a_l2att": settings.local_image_weight,
            "local_a_att2l": settings.local_image_weight,
            "local_b_l2att": settings.local_report_weight,
            "local_b_att2l": settings.local_report_weight,
            "global_a2b": settings.global_image_weight,
            "global_b2a": settings.global_report_weight,
        }

    def forward(self, regions: Tensor, sentences: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Return all quantities by their name in the vectors."""
        image = ImageFeatures(regions, *self.image_pooling(regions))
        pooled, weights = self.report_pooling(sentences, mask)
        report = ReportFeatures(sentences, pooled, weights, mask)
        losses = self.alignment(image, report)
        attended = self.seen["cross_attention"]
        return {
            **losses.parts,
            "total": losses.total,
            "zg_a": self.seen["image_global_head"],
            "zg_b": self.seen["report_global_head"],
            "zl_a": self.seen["image_local_head"],
            "zl_b": self.seen["report_local_head"],
            "zl_b2a": attended.regions,
            "zl_a2b": attended.sentences,
            "weights_a": image.weights,
            "weights_b": report.weights,
            "att_probs_b2a": attended.region_probabilities,
            "att_probs_a2b": attended.sentence_probabilities,
        }


def check_step(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare every embedding, weight, loss and gradient of a step with BN in train and in eval mode."""
    weights = golden.entry["weights"]
    for case in cases(golden):
        yield from guarded(case, step_case, golden, case, weights)


def step_case(golden: GoldenFile, case: str, weights: Mapping[str, Any]) -> Iterator[Comparison]:
    step = Step(weights).train(case == "train")
    if weights["loss_weights"] != step.loss_weights():
        raise GoldenError(
            f"loss weights are {step.loss_weights()}, the manifest says {weights['loss_weights']}"
        )
    regions, sentences = (golden.tensor(name, grad=True) for name in ("y_scan", "y_report"))
    values = step(regions, sentences, golden.tensor("mask_report"))
    values["total"].backward()
    values |= {"grad_y_scan": regions.grad, "grad_y_report": sentences.grad}
    gradients = [parameter(step, name).grad for name in golden.entry[f"{case}/param_gradnorm_names"]]
    values["param_gradnorms"] = torch.stack([g.double().norm() for g in gradients if g is not None])
    for name in (name for name in golden.outputs() if name.startswith(f"{case}/")):
        yield golden.compare(name, values[name.removeprefix(f"{case}/")], case, name)


def parameter(step: Step, name: str) -> nn.Parameter:
    """Return a parameter by its descriptive name, such as `scan.local_projection.in.weight`."""
    part = next(part for part in PARTS if name.startswith(f"{part}."))
    rest = name.removeprefix(f"{part}.")
    layer, _, last = rest.rpartition(".")
    return step.get_submodule(PARTS[part]).get_parameter(
        ".".join(filter(None, [LAYERS.get(layer, layer), last]))
    )


def check_sentence_pooling(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare sentence features, their weights and both report features."""
    yield from guarded("sentences", sentence_pooling_case, golden)


def sentence_pooling_case(golden: GoldenFile) -> Iterator[Comparison]:
    tokens, special = golden.tensor("tokens"), golden.tensor("special_tokens_mask").bool()
    special |= ~golden.tensor("attention_mask").bool()
    counts = golden.entry["sentence_token_counts"]
    sentence = torch.full(special.shape, -1)
    for row, lengths in enumerate(counts):
        sentence[row, ~special[row]] = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
    features, mask = sentence_features(tokens, sentence, max(len(lengths) for lengths in counts))
    pooling = AttentionPooling(tokens.shape[-1]).eval()
    fill(stored(pooling), golden.entry["weights"]["tensors"])
    with torch.no_grad():
        pooled, weights = pooling(features, mask)
    values = {
        "sentences": features,
        "sentence_mask": mask,
        "sentence_weights": weights,
        "lovt/global": pooled,
        "convirt/global": report_maximum(tokens, sentence),
    }
    for name, value in values.items():
        yield golden.compare(name, value, "sentences", name)


CHECKS = {
    "pretrain_global": check_global,
    "pretrain_local": check_local,
    "pretrain_cross_attention": check_cross_attention,
    "pretrain_lovt_step": check_step,
    "pretrain_sentence_pooling": check_sentence_pooling,
}
