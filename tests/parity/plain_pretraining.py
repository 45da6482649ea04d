"""LoVT and BYOL trained by plain torch functions, written from docs/reference/pretraining.md alone: an oracle for runs.

Nothing of the benchmark is imported. Formulas stand as the text has them, in float64, sample after sample; what a text
model or a library gives is taken as it is. Weights are a table by the names that our modules use, so that the two
can be compared; running statistics of batch norm lie in the same table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

Weights = dict[str, Tensor]
TextModel = Callable[[Weights, Tensor, Tensor], Tensor]
"""Weights, token numbers (B, T) and mask (B, T) to the last hidden layer (B, T, d)."""
Report = Sequence[Sequence[int]]
"""The token numbers of each sentence."""


@dataclass(frozen=True)
class Training:
    """What optimises (pretraining.md sections 1.8 and 4)."""

    rate: Callable[[int, int], float]
    """Learning rate of an optimiser step, from the steps of the run and the epoch, both from 0."""
    weight_decay: float
    decoupled: bool
    accumulate: int = 1


@dataclass
class Adam:
    """Adam with betas (0.9, 0.999) and epsilon 1e-8; weight decay in the gradient, or decoupled (AdamW)."""

    training: Training
    first: Weights = field(default_factory=dict)
    second: Weights = field(default_factory=dict)
    steps: int = 0

    def step(self, weights: Weights, gradients: Weights, epoch: int) -> None:
        rate = self.training.rate(self.steps, epoch)
        self.steps += 1
        for name, gradient in gradients.items():
            value = weights[name].detach()
            if self.training.decoupled:
                value = value - rate * self.training.weight_decay * value
            else:
                gradient = gradient + self.training.weight_decay * value
            self.first[name] = 0.9 * self.first.get(name, torch.zeros_like(value)) + 0.1 * gradient
            self.second[name] = 0.999 * self.second.get(name, torch.zeros_like(value)) + 0.001 * gradient**2
            mean = self.first[name] / (1 - 0.9**self.steps)
            deviation = (self.second[name] / (1 - 0.999**self.steps)).sqrt()
            weights[name] = (value - rate * mean / (deviation + 1e-8)).requires_grad_()


def cosine_without_restart(rate: float, steps_per_epoch: int) -> Callable[[int, int], float]:
    """pretraining.md section 1.8."""
    return lambda step, _: rate * (1 + math.cos(math.pi * step / steps_per_epoch)) / 2


def one_epoch_at_zero_then_cosine(rate: float, epochs: int) -> Callable[[int, int], float]:
    """pretraining.md section 4, warmup_epochs 1."""
    return lambda _, epoch: rate * (1 + math.cos(math.pi * (epoch - 1) / (epochs - 1))) / 2 if epoch else 0.0


def linear(weights: Weights, name: str, x: Tensor) -> Tensor:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def batch_norm(weights: Weights, name: str, rows: Tensor) -> Tensor:
    """Normalise (N, C) by the batch, epsilon 1e-5, and move the running statistics by 0.1."""
    mean, variance = rows.mean(0), rows.var(0, unbiased=False)
    with torch.no_grad():
        for kept, value in (("running_mean", mean), ("running_var", rows.var(0, unbiased=True))):
            weights[f"{name}.{kept}"] = 0.9 * weights[f"{name}.{kept}"] + 0.1 * value.detach()
    return (rows - mean) / (variance + 1e-5).sqrt() * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def normed_map(weights: Weights, name: str, x: Tensor) -> Tensor:
    """Batch norm of (B, C, H, W) over batch and places."""
    rows = batch_norm(weights, name, x.permute(0, 2, 3, 1).flatten(0, 2))
    return rows.reshape(x.shape[0], *x.shape[2:], x.shape[1]).permute(0, 3, 1, 2)


def feature_map(weights: Weights, name: str, image: Tensor) -> Tensor:
    """A network of two convolutions in ResNet's place: stride 8, then stride 4, each with batch norm and ReLU."""
    for layer, stride in ((1, 8), (2, 4)):
        image = functional.conv2d(image, weights[f"{name}.conv{layer}.weight"], stride=stride)
        image = normed_map(weights, f"{name}.bn{layer}", image).relu()
    return image


def unit(x: Tensor) -> Tensor:
    return x / x.norm(dim=-1, keepdim=True)


# LoVT


@dataclass(frozen=True)
class LoVTRules:
    """The numbers of pretraining.md sections 1.1 to 1.5 and 1.9; changed ones are planted errors."""

    heads: int = 2
    global_temperature: float = 0.1
    local_temperature: float = 0.3
    image_weight: float = 0.75
    report_weight: float = 0.25
    local_weights: tuple[float, float, float, float] = (0.375, 0.375, 0.375, 0.375)
    """Image l→att, image att→l, report l→att, report att→l."""
    threshold: float = 0.5
    smoothing: float = 1.0
    query_over_padded: bool = True
    attention_weights: bool = True
    forward_passes: int = 2
    """A second one after each batch updates running statistics once more."""


@dataclass(frozen=True)
class Pairs:
    """A batch: (B, 1, S, S) float64 images in [0, 1], normalised by mean and deviation of the corpus, and reports."""

    images: Tensor
    reports: Sequence[Report]


def attention_pooling(
    weights: Weights, name: str, x: Tensor, valid: Sequence[int], rules: LoVTRules
) -> tuple[Tensor, list[Tensor]]:
    """pretraining.md section 1.1: (B, N, d) to (B, d), and each sample's weights over its valid positions."""
    d = x.shape[2]
    size = d // rules.heads
    projection, bias = weights[f"{name}.in_proj_weight"], weights[f"{name}.in_proj_bias"]
    pooled, shares = [], []
    for sample, count in zip(x, valid, strict=True):
        positions = sample[:count]
        query = positions.sum(0) / (len(sample) if rules.query_over_padded else count)
        q = projection[:d] @ query + bias[:d]
        k = positions @ projection[d : 2 * d].T + bias[d : 2 * d]
        v = positions @ projection[2 * d :].T + bias[2 * d :]
        outputs, shares_of_heads = [], []
        for head in range(rules.heads):
            part = slice(head * size, (head + 1) * size)
            share = torch.softmax(k[:, part] @ q[part] / math.sqrt(size), 0)
            shares_of_heads.append(share)
            outputs.append(share @ v[:, part])
        pooled.append(linear(weights, f"{name}.out_proj", torch.cat(outputs)))
        shares.append(torch.stack(shares_of_heads).mean(0))
    return torch.stack(pooled), shares


def encode_images(weights: Weights, images: Tensor, mean: float, std: float) -> Tensor:
    """Return the regions (B, R, d), row by row."""
    pixels = ((images - mean) / std).repeat(1, 3, 1, 1)
    return feature_map(weights, "backbone", pixels).flatten(2).transpose(1, 2)


def encode_reports(
    weights: Weights, text: TextModel, reports: Sequence[Report], ends: tuple[int, int]
) -> Tensor:
    """Return (B, S, d), the largest of the tokens of each sentence, zeros where padded (pretraining.md section 1.2)."""
    sequences = [[ends[0], *(t for sentence in report for t in sentence), ends[1]] for report in reports]
    longest = max(map(len, sequences))
    ids = torch.tensor([[*tokens, *[0] * (longest - len(tokens))] for tokens in sequences])
    mask = torch.tensor([[1] * len(tokens) + [0] * (longest - len(tokens)) for tokens in sequences])
    hidden = text(weights, ids, mask)
    most = max(map(len, reports))
    result = []
    for tokens, report in zip(hidden, reports, strict=True):
        start, rows = 1, []
        for sentence in report:
            rows.append(tokens[start : start + len(sentence)].amax(0))
            start += len(sentence)
        rows += [torch.zeros_like(rows[0])] * (most - len(rows))
        result.append(torch.stack(rows))
    return torch.stack(result)


def project(weights: Weights, name: str, x: Tensor) -> Tensor:
    """pretraining.md section 1.3; padded positions take part in batch norm."""
    hidden = batch_norm(weights, f"{name}.norm", linear(weights, f"{name}.inner", x.flatten(0, -2)))
    return linear(weights, f"{name}.outer", hidden.relu()).reshape(*x.shape[:-1], -1)


def cross_attention(
    weights: Weights, name: str, a: Tensor, b: Tensor, valid: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """pretraining.md section 1.4: what the sentences say of the regions, and the regions of the sentences."""
    regions, sentences = [], []
    for z_a, z_b, count in zip(a, b, valid, strict=True):
        keys_a, keys_b = linear(weights, f"{name}.key", z_a), linear(weights, f"{name}.key", z_b[:count])
        scores = keys_a @ keys_b.T / math.sqrt(z_a.shape[1])
        regions.append(torch.softmax(scores, 1) @ linear(weights, f"{name}.value", z_b[:count]))
        seen = torch.softmax(scores.T, 1) @ linear(weights, f"{name}.value", z_a)
        sentences.append(torch.cat([seen, seen.new_zeros(len(z_b) - count, seen.shape[1])]))
    found = []
    for rows in (torch.stack(regions), torch.stack(sentences)):
        out = linear(weights, f"{name}.output", rows.flatten(0, 1))
        found.append(batch_norm(weights, f"{name}.norm", out).reshape(rows.shape))
    return found[0], found[1]


def global_loss(anchors: Tensor, candidates: Tensor, temperature: float) -> Tensor:
    """pretraining.md section 1.5, one direction."""
    similar = unit(anchors) @ unit(candidates).T / temperature
    return torch.stack([-torch.log(row.exp()[i] / row.exp().sum()) for i, row in enumerate(similar)]).mean()


def local_losses(
    z: Sequence[Tensor],
    attended: Sequence[Tensor],
    positives: Sequence[Tensor],
    share: Sequence[Tensor],
    temperature: float,
) -> tuple[Tensor, Tensor]:
    """pretraining.md section 1.5, one side: l→att and att→l."""
    both: tuple[list[Tensor], list[Tensor]] = ([], [])
    for own, other, p, w in zip(z, attended, positives, share, strict=True):
        s = unit(own) @ unit(other).T / temperature
        w = w.detach() / w.detach().sum()
        for losses, matrix in zip(both, (s, s.T), strict=True):
            each = matrix.exp().sum(1).log() - (p * matrix).sum(1)
            losses.append((w * each).sum())
    return torch.stack(both[0]).mean(), torch.stack(both[1]).mean()


def region_positives(side: int, rules: LoVTRules) -> Tensor:
    """pretraining.md section 1.5, image side; float32 as published."""
    places = torch.tensor(
        [[row, column] for row in range(side) for column in range(side)], dtype=torch.float32
    )
    places = places / math.sqrt(2 * side**2)
    distance = torch.cdist(places, places)
    p = torch.exp(-rules.smoothing * distance) * (distance <= rules.threshold)
    return (p / p.sum(1, keepdim=True)).double()


def lovt_loss(
    weights: Weights,
    text: TextModel,
    batch: Pairs,
    statistics: tuple[float, float],
    ends: tuple[int, int],
    rules: LoVTRules,
) -> Tensor:
    """Return the total of a batch."""
    y_a = encode_images(weights, batch.images, *statistics)
    y_b = encode_reports(weights, text, batch.reports, ends)
    regions, counts = y_a.shape[1], [len(report) for report in batch.reports]
    every = [regions] * len(counts)
    whole_a, share_a = attention_pooling(weights, "image_pooling.attention", y_a, every, rules)
    whole_b, share_b = attention_pooling(weights, "report_pooling.attention", y_b, counts, rules)
    if not rules.attention_weights:
        share_a, share_b = [torch.ones_like(w) for w in share_a], [torch.ones_like(w) for w in share_b]
    z_a, z_b = (
        project(weights, f"alignment.{s}_global_head", w)
        for s, w in (("image", whole_a), ("report", whole_b))
    )
    total = rules.image_weight * global_loss(z_a, z_b, rules.global_temperature)
    total = total + rules.report_weight * global_loss(z_b, z_a, rules.global_temperature)

    l_a, l_b = (
        project(weights, f"alignment.{s}_local_head", y) for s, y in (("image", y_a), ("report", y_b))
    )
    b_to_a, a_to_b = cross_attention(weights, "alignment.cross_attention", l_a, l_b, counts)
    near = region_positives(math.isqrt(regions), rules)
    losses = (
        *local_losses(list(l_a), list(b_to_a), [near] * len(counts), share_a, rules.local_temperature),
        *local_losses(
            [z[:n] for z, n in zip(l_b, counts, strict=True)],
            [z[:n] for z, n in zip(a_to_b, counts, strict=True)],
            [torch.eye(n, dtype=torch.float64) for n in counts],
            share_b,
            rules.local_temperature,
        ),
    )
    return total + sum(weight * loss for weight, loss in zip(rules.local_weights, losses, strict=True))


def train_lovt(
    weights: Weights,
    learnt: Sequence[str],
    text: TextModel,
    batches: Sequence[Pairs],
    epochs: int,
    training: Training,
    statistics: tuple[float, float],
    ends: tuple[int, int],
    rules: LoVTRules,
) -> list[float]:
    """Train in place and return the loss of every batch."""
    adam, losses = Adam(training), []
    for epoch in range(epochs):
        gradients = {name: torch.zeros_like(weights[name]) for name in learnt}
        for number, batch in enumerate(batches, 1):
            loss = lovt_loss(weights, text, batch, statistics, ends, rules)
            losses.append(loss.item())
            found = torch.autograd.grad(loss / training.accumulate, [weights[name] for name in learnt])
            gradients = {name: gradients[name] + g for name, g in zip(learnt, found, strict=True)}
            if number % training.accumulate == 0 or number == len(batches):
                adam.step(weights, gradients, epoch)
                gradients = {name: torch.zeros_like(weights[name]) for name in learnt}
            with torch.no_grad():
                for _ in range(rules.forward_passes - 1):
                    encode_images(weights, batch.images, *statistics)
    return losses


# BYOL


@dataclass(frozen=True)
class BYOLRules:
    """The numbers of pretraining.md section 5; changed ones are planted errors."""

    decay: float = 0.99
    symmetric: bool = True
    average_before_step: bool = True
    target_statistics_follow: bool = False
    """Whether the target's running statistics would be those of the online network."""


def mlp(weights: Weights, name: str, x: Tensor) -> Tensor:
    """Linear, batch norm, ReLU, linear."""
    hidden = batch_norm(weights, f"{name}.layers.1", linear(weights, f"{name}.layers.0", x)).relu()
    return linear(weights, f"{name}.layers.3", hidden)


def byol_loss(weights: Weights, views: tuple[Tensor, Tensor], rules: BYOLRules) -> Tensor:
    """Return the loss of two views (B, 1, S, S) in [0, 1]."""
    inputs = [((view - 0.5) / 0.5).repeat(1, 3, 1, 1) for view in views]
    predictions = [
        mlp(weights, "predictor", mlp(weights, "projector", feature_map(weights, "backbone", x).mean((2, 3))))
        for x in inputs
    ]
    with torch.no_grad():
        targets = [
            mlp(weights, "target_projector", feature_map(weights, "target_backbone", x).mean((2, 3)))
            for x in inputs
        ]
    forth = 2 - 2 * (unit(predictions[0]) * unit(targets[1])).sum(1)
    back = 2 - 2 * (unit(predictions[1]) * unit(targets[0])).sum(1)
    return (forth + back if rules.symmetric else 2 * forth).mean()


def move_target(weights: Weights, rules: BYOLRules) -> None:
    """pretraining.md section 5: parameters only, the target's statistics are its own."""
    for name in [name for name in weights if name.startswith("target_")]:
        if "running" in name:
            if rules.target_statistics_follow:
                weights[name] = weights[name.removeprefix("target_")].clone()
        else:
            online = weights[name.removeprefix("target_")].detach()
            weights[name] = rules.decay * weights[name] + (1 - rules.decay) * online


def train_byol(
    weights: Weights,
    learnt: Sequence[str],
    batches: Sequence[tuple[Tensor, Tensor]],
    epochs: int,
    training: Training,
    rules: BYOLRules,
) -> list[float]:
    """Train in place and return the loss of every step."""
    adam, losses = Adam(training), []
    for epoch in range(epochs):
        for views in batches:
            loss = byol_loss(weights, views, rules)
            losses.append(loss.item())
            found = torch.autograd.grad(loss, [weights[name] for name in learnt])
            if rules.average_before_step:
                move_target(weights, rules)
            adam.step(weights, dict(zip(learnt, found, strict=True)), epoch)
            if not rules.average_before_step:
                move_target(weights, rules)
    return losses
