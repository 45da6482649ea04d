"""A look at a backbone before hours are spent on it: seconds on a CPU, no data needed.

What cannot give a sound row is an error; what may be meant so is a warning.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from lovt_bench.benchmark.backbone import imagenet
from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.backbone.folder import WEIGHTS, load_backbone, read_manifest
from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.backbone.names import listed
from lovt_bench.benchmark.backbone.weights import listing, not_finite
from lovt_bench.benchmark.contract.backbone import FeatureLevel
from lovt_bench.benchmark.contract.plain_file import is_plain

IMAGES = 8
SIDE = 128
"""Number and side of the probe images."""

HALF_LIMIT = torch.finfo(torch.float16).max
"""65504: frozen features are stored and networks are fine-tuned in half precision."""

DEAD_WARNING, DEAD_ERROR = 0.25, 0.9
"""Share of a level's channels that may be the same everywhere. A trained ResNet has few."""

CONSTANT = 1e-4
"""Smallest spread of the pooled deepest features between images, relative to their mean size."""


def check_sanity(backbone: Backbone, *, twins: Iterable[str] = ()) -> list[Finding]:
    """Return what is suspicious about a backbone; only `ok` findings where nothing is.

    Looked at: NaN, BN statistics, BN as it was initialised, and on eight drawn images dead channels, features
    that do not depend on the image, activations beyond half precision.

    Args:
        backbone: In eval mode on the CPU.
        twins: Names of backbones with the same weights (`find_twins`).
    """
    findings = [
        Finding(
            "error",
            "weights",
            f"are those of the backbone {twin}, value by value",
            f"`lovt-bench evaluate {twin}` ranks them; if training left its start, look at how it was saved",
        )
        for twin in twins
    ]
    state = backbone.state_dict()
    if bad := not_finite(state):
        message = f"NaN or infinity in {len(bad)} tensors: {listing(bad)}"
        return [*findings, Finding("error", "weights", message, "take a checkpoint from before it diverged")]
    findings += _normalisation(backbone)
    findings += _activations(backbone)
    return findings or [
        Finding("ok", "sanity", f"{backbone.architecture}: features differ between images and are in range")
    ]


def probe_images(side: int = SIDE) -> Tensor:
    """Return fixed images like normalised X-rays: (IMAGES, 3, side, side) float32, grey, coarse and fine structure."""
    generator = torch.Generator().manual_seed(20)
    grey = torch.zeros((IMAGES, 1, side, side))
    for cells in (4, 16, 64, side):
        noise = torch.randn((IMAGES, 1, cells, cells), generator=generator)
        grey += nn.functional.interpolate(noise, size=(side, side), mode="bilinear")
    return ((grey - grey.mean()) / grey.std()).expand(-1, 3, -1, -1).contiguous()


def values_digest(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of a trunk's values: names, shapes and float32 bytes, without `num_batches_tracked`.

    Files of other age or format that hold the same weights have the same digest.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        if not name.endswith(".num_batches_tracked"):
            tensor = state[name].detach().cpu().float().contiguous()
            digest.update(f"{name}{list(tensor.shape)}".encode())
            digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def find_twins(backbone: Backbone, workspace: Path, name: str) -> list[str]:
    """Return the names of backbones with the same weights: folders of the workspace, ImageNet's in the cache.

    A folder is read whole only where its first tensor agrees; broken ones and the one called `name` are passed over.
    """
    state = backbone.state_dict()
    own = ""
    twins = []
    for root in listed(workspace):
        if root.name == name or not _may_be_equal(root, backbone.architecture, state):
            continue
        own = own or values_digest(state)
        try:
            other = load_backbone(root).state_dict()
        except (BackboneError, SafetensorError, OSError):
            continue
        if values_digest(other) == own:
            twins.append(root.name)
    if "imagenet" not in (name, *twins) and backbone.architecture == imagenet.ARCHITECTURE:
        twins += _imagenet_twin(state)
    return twins


def _may_be_equal(root: Path, architecture: str, state: Mapping[str, Tensor]) -> bool:
    first = next(iter(state))
    try:
        if read_manifest(root).architecture != architecture or not is_plain(root / WEIGHTS):
            return False
        with safe_open(root / WEIGHTS, framework="pt", device="cpu") as file:
            return torch.equal(file.get_tensor(first), state[first])
    except (BackboneError, SafetensorError, OSError, ValueError):
        return False


def _imagenet_twin(state: Mapping[str, Tensor]) -> list[str]:
    if not imagenet.cached_file().is_file():
        return []
    try:
        other = imagenet.load_imagenet(imagenet.cached_file())[0].state_dict()
    except BackboneError:
        return []
    return ["imagenet"] if values_digest(other) == values_digest(state) else []


def _normalisation(backbone: Backbone) -> Iterator[Finding]:
    norms = {
        name: module
        for name, module in backbone.named_modules()
        if isinstance(module, nn.BatchNorm2d) and module.track_running_stats
    }
    if negative := [n for n, norm in norms.items() if _negative(norm)]:
        message = f"negative running variance in {listing(negative)}"
        yield Finding("error", "BatchNorm", message, "the file is damaged or its tensors are mixed up")
    if norms and all(_as_initialised(norm) for norm in norms.values()):
        yield Finding(
            "warning",
            "BatchNorm",
            "all running statistics are 0 and 1, as before any training",
            "was the trained network saved, and in train mode at least once? A random backbone is `random`",
        )


def _negative(norm: nn.BatchNorm2d) -> bool:
    assert norm.running_var is not None
    return bool((norm.running_var < 0).any())


def _as_initialised(norm: nn.BatchNorm2d) -> bool:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return bool((norm.running_mean == 0).all()) and bool((norm.running_var == 1).all())


def _activations(backbone: Backbone) -> Iterator[Finding]:
    maps, largest = _probe(backbone)
    beyond = {name: value for name, value in largest.items() if not value <= HALF_LIMIT}
    for level, feature in zip(backbone.levels, maps, strict=True):
        yield from _level(level, feature)
    if beyond and all(bool((feature.abs() <= HALF_LIMIT).all()) for feature in maps):
        worst = max(beyond, key=lambda name: beyond[name])
        yield Finding(
            "warning",
            worst,
            f"activations reach {beyond[worst]:.3g}, half precision ends at {HALF_LIMIT:.0f}",
            "fine-tuning in mixed precision may overflow; look at BN running variances",
        )
    deepest = maps[-1].float().mean(dim=(2, 3))
    spread, size = float(deepest.std(dim=0).mean()), float(deepest.abs().mean())
    if bool(deepest.isfinite().all()) and spread <= CONSTANT * size:
        yield Finding(
            "error",
            backbone.levels[-1].name,
            f"pooled features do not depend on the image: spread {spread:.2g}, size {size:.2g}",
            "collapsed training? Look at its loss, and whether the right encoder was taken",
        )


def _level(level: FeatureLevel, feature: Tensor) -> Iterator[Finding]:
    top = float(feature.abs().max())
    if not top <= HALF_LIMIT:
        yield Finding(
            "error",
            level.name,
            f"features reach {top:.3g}, half precision, in which they are stored, ends at {HALF_LIMIT:.0f}",
            "look at BN running variances, and whether the network expects images in another range",
        )
        return
    dead = float((feature.amax(dim=(0, 2, 3)) == feature.amin(dim=(0, 2, 3))).float().mean())
    if dead >= DEAD_WARNING:
        yield Finding(
            "error" if dead >= DEAD_ERROR else "warning",
            level.name,
            f"{dead:.0%} of {level.channels} channels are the same everywhere on {IMAGES} different images",
            "dead units: learning rate too high, or weights that were not trained together",
        )


def _probe(backbone: Backbone) -> tuple[tuple[Tensor, ...], dict[str, float]]:
    """Return the feature maps of the probe images and the largest absolute output of every module."""
    largest: dict[str, float] = {}
    hooks = []

    def watch(name: str) -> None:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            if isinstance(output, Tensor):
                low, high = output.aminmax()
                largest[name] = max(largest.get(name, 0.0), -float(low), float(high))

        hooks.append(dict(backbone.named_modules())[name].register_forward_hook(hook))

    for name, module in backbone.named_modules():
        if name and not list(module.children()):
            watch(name)
    try:
        with torch.inference_mode():
            maps = backbone.feature_maps(probe_images(backbone.fixed_side or SIDE))
    finally:
        for hook in hooks:
            hook.remove()
    return maps, largest
