"""Checks of pretrain_*: global and local losses, attentions, one whole LoVT step (pretraining.md 1.1 to 1.5)."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from submissions.common.attention_pooling import AttentionPooling
from submissions.common.cross_attention import CrossAttention
from submissions.common.losses.global_alignment import global_alignment
from submissions.common.losses.local_alignment import local_alignment, region_positives, sentence_positives
from submissions.common.projection import ProjectionHead
from submissions.common.text.pooling import report_maximum, sentence_features
from tests.parity.compare import Comparison, Failure
from tests.parity.formula import fill, formula_values
from tests.parity.golden import GoldenError, GoldenFile, guarded

LOCAL_WEIGHT = 0.375
LOSSES = {
    "global_a2b": 0.75,
    "global_b2a": 0.25,
    "local_a_l2att": LOCAL_WEIGHT,
    "local_a_att2l": LOCAL_WEIGHT,
    "local_b_l2att": LOCAL_WEIGHT,
    "local_b_att2l": LOCAL_WEIGHT,
}
LAYERS = {
    "global_attention": "pooling.attention",
    "projection.in": "projection.inner",
    "projection.bn": "projection.norm",
    "projection.out": "projection.outer",
    "cross_attention.bn": "cross_attention.norm",
}
"""Parts of the vectors' descriptive names and our own."""


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


class Side(nn.Module):
    """Pooling and heads of one modality, in the order of the listed weights."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.pooling = AttentionPooling(inputs)
        self.local_projection = ProjectionHead(inputs, hidden, outputs)
        self.global_projection = ProjectionHead(inputs, hidden, outputs)


class Step(nn.Module):
    """All that stands between the two encoders' features and the six losses."""

    def __init__(self, scan: int, report: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.scan = Side(scan, hidden, outputs)
        self.report = Side(report, hidden, outputs)
        self.cross_attention = CrossAttention(outputs)

    def forward(
        self, regions: Tensor, sentences: Tensor, mask: Tensor, positives: Tensor
    ) -> dict[str, Tensor]:
        """Return all quantities by their name in the vectors."""
        pooled_a, weights_a = self.scan.pooling(regions)
        pooled_b, weights_b = self.report.pooling(sentences, mask)
        zg_a, zg_b = self.scan.global_projection(pooled_a), self.report.global_projection(pooled_b)
        zl_a, zl_b = self.scan.local_projection(regions), self.report.local_projection(sentences, mask)
        attended = self.cross_attention(zl_a, zl_b, mask)
        whole = global_alignment(zg_a, zg_b)
        image = local_alignment(zl_a, attended.regions, positives, weights=weights_a)
        alone = sentence_positives(zl_b.shape[1])
        text = local_alignment(zl_b, attended.sentences, alone, weights=weights_b, mask=mask)
        losses = dict(zip(LOSSES, (whole[0], whole[1], *image, *text), strict=True))
        return {
            **{f"{name}_loss": loss for name, loss in losses.items()},
            **{f"global_{name}_acc": value for name, value in whole.accuracies.items()},
            "total": torch.stack([LOSSES[name] * loss for name, loss in losses.items()]).sum(),
            "zg_a": zg_a,
            "zg_b": zg_b,
            "zl_a": zl_a,
            "zl_b": zl_b,
            "zl_b2a": attended.regions,
            "zl_a2b": attended.sentences,
            "weights_a": weights_a,
            "weights_b": weights_b,
            "att_probs_b2a": attended.region_probabilities,
            "att_probs_a2b": attended.sentence_probabilities,
        }


def check_step(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare every embedding, weight, loss and gradient of a step with BN in train and in eval mode."""
    dims = golden.entry["weights"]["dims"]
    step = Step(dims["d_scan"], dims["d_report"], dims["d_hidden"], dims["d_z"])
    fill(stored(step), golden.entry["weights"]["tensors"])
    listed = golden.entry["weights"].get("loss_weights", {})
    own = {name: listed.get(name) for name in LOSSES}
    if own != LOSSES:
        yield Failure("loss_weights", f"loss weights are {own}, expected {LOSSES}")
    for case in cases(golden):
        yield from guarded(
            case, step_case, golden, case, copy.deepcopy(step), region_positives(*dims["grid"])
        )


def step_case(golden: GoldenFile, case: str, step: Step, positives: Tensor) -> Iterator[Comparison]:
    regions, sentences = (golden.tensor(name, grad=True) for name in ("y_scan", "y_report"))
    values = step.train(case == "train")(regions, sentences, golden.tensor("mask_report"), positives)
    values["total"].backward()
    values |= {"grad_y_scan": regions.grad, "grad_y_report": sentences.grad}
    names = golden.entry[f"{case}/param_gradnorm_names"]
    norms = [parameter(step, name).grad for name in names]
    values["param_gradnorms"] = torch.stack([norm.double().norm() for norm in norms if norm is not None])
    for name in (name for name in golden.outputs() if name.startswith(f"{case}/")):
        yield golden.compare(name, values[name.removeprefix(f"{case}/")], case, name)


def parameter(step: Step, name: str) -> nn.Parameter:
    """Return a parameter by its descriptive name, such as `scan.local_projection.in.weight`."""
    for theirs, ours in LAYERS.items():
        name = name.replace(theirs, ours)
    return step.get_parameter(name)


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
