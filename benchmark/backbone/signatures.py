"""Which networks have tensors of given names and shapes: a short signature of each, so that none has to be built.

The signatures lie in a file, since building all networks of timm takes minutes;
`python -m lovt_bench.benchmark.backbone.same_tensors` writes it anew. A signature is coarse on purpose: it leaves out
what an image's side, a pooling or another name for the same piece changes. What it finds is compared exactly
afterwards.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import isqrt
from pathlib import Path
from typing import Any

from torch import nn

FILE = Path(__file__).with_name("signatures.json")

Shape = tuple[int, ...]

OUTSIDE = frozenset({"head", "head_dist", "fc", "classifier", "norm", "fc_norm", "attn_pool", "global_pool"})
"""First parts of names that depend on the pooling and the classifier of a network."""

TABLE = "pos_embed"

ROOT_NAMES = frozenset(
    {
        *("cls_token", "pos_embed", "rel_pos_bias", "norm_pre", "pre_norm", "ln_pre"),
        *("reg_token", "reg_tokens", "registers", "register_tokens", "storage_tokens"),
        *("dist_token", "distillation_token"),
    }
)
"""First parts of names that belong to a plain vision transformer whether this one has them or not: its own tensors, as
timm, DINOv2, DINOv3, OpenCLIP and MMPretrain name them. One that is left out changes all tokens."""

_SKIPPED = re.compile(
    r"(?:^|\.)(?:num_batches_tracked|pos_embed|relative_position_bias_table|relative_position_index|attn_mask|"
    r"logit_scale|relative_coords_table|attn\.(?:qkv|[qkv]_proj)\.(?:weight|bias)|attn\.[qkv]_bias|"
    r"mlp\.(?:fc1|fc1_g|fc1_x|w12|w1|w2)\.(?:weight|bias)|freqs_cos|freqs_sin|periods|bias_mask|total_ops|"
    r"total_params|mask_token)$|\.rope\."
)
_SCALE = re.compile(r"\.(?:gamma_|ls)([12])(?:\.gamma)?$")


@dataclass(frozen=True)
class Signature:
    """What is known of networks with the same tensors."""

    digest: str
    first: str
    """Name of the weight that sees the image."""
    first_shape: Shape
    last: str
    last_shape: Shape
    tensors: int
    parts: frozenset[str]
    """First parts of the names that the digest covers."""
    networks: tuple[tuple[str, ...], ...]
    """Architectures: those in one tuple compute the same, for all that their modules say; the plainest name first."""


def is_plain_transformer(names: Iterable[str]) -> bool:
    """Return whether names are those of a vision transformer of timm with one grid of tokens."""
    wanted = {"patch_embed.proj.weight", "blocks.0.norm1.weight", "blocks.0.attn.proj.weight"}
    return len(wanted.intersection(names)) == len(wanted)


def parts_of(names: Iterable[str]) -> frozenset[str]:
    """Return the first parts of a network's names that its signature covers."""
    names = list(names)
    parts = {name.split(".", 1)[0] for name in names} - OUTSIDE
    return frozenset(parts | ROOT_NAMES if is_plain_transformer(names) else parts)


def digest_of(shapes: Iterable[tuple[str, Shape]], first: str) -> tuple[str, int]:
    """Return a digest of names and shapes, in any order, and how many it covers.

    Args:
        shapes: Those whose first part belongs to the network.
        first: The weight whose channels are those of the image; one counts as three.
    """
    lines = []
    for name, shape in shapes:
        if _SKIPPED.search(name):
            continue
        if name == first and len(shape) > 1 and shape[1] == 1:
            shape = (shape[0], 3, *shape[2:])
        if name in ROOT_NAMES:
            shape = tuple(size for size in shape if size != 1)
        sizes = ",".join(map(str, shape))
        lines.append(_SCALE.sub(r".scale\1", name) + " " + sizes)
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:12], len(lines)


def signed(shapes: Mapping[str, Shape]) -> tuple[Any, ...]:
    """Return the fields of a signature of a network's tensors, without networks, as JSON takes them."""
    covered = [name for name in shapes if name.split(".", 1)[0] not in OUTSIDE and not _SKIPPED.search(name)]
    seeing = [name for name in covered if len(shapes[name]) == 4 and shapes[name][1] == 3]
    first = (seeing or [name for name in covered if name.endswith("weight")] or covered)[0]
    parts = parts_of(shapes)
    digest, count = digest_of(
        ((name, shape) for name, shape in shapes.items() if name.split(".", 1)[0] in parts), first
    )
    last = covered[-1]
    return digest, first, list(shapes[first]), last, list(shapes[last]), count, sorted(parts)


@cache
def signatures() -> tuple[Signature, ...]:
    """Return the signatures of all networks that were known when the file was written."""
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    parts = [frozenset(each) for each in kept["parts"]]
    return tuple(
        Signature(
            digest,
            first,
            tuple(first_shape),
            last,
            tuple(last_shape),
            tensors,
            parts[place],
            tuple(tuple(names) for names in networks),
        )
        for digest, first, first_shape, last, last_shape, tensors, place, networks in kept["networks"]
    )


_OF_SIDES = frozenset(
    {
        *("training", "img_size", "grid_size", "num_patches", "dynamic_img_size", "dynamic_img_pad"),
        *("strict_img_size", "input_resolution", "feat_size", "seq_len", "num_classes", "global_pool"),
        *(
            "num_features",
            "head_hidden_size",
            "p",
            "drop_prob",
            "fused_attn",
            "grad_checkpointing",
            "flatten",
        ),
        *("output_fmt", "in_chans", "drop_rate", "default_cfg", "pretrained_cfg", "out_indices"),
        *(
            "track_running_stats",
            "dump_patches",
            "call_super_init",
            "legacy",
            "fixed_attn_mask",
            "patch_drop",
        ),
        *("scale_by_keep", "inplace", "pool_size", "init_values", "head_init_scale", "weight_init"),
        "num_prefix_tokens",
    }
)
"""Attributes that an image's side, training, a classifier or shapes set: no other feature follows."""


def behaviour(network: nn.Module) -> dict[str, str]:
    """Return by module what it computes with, as far as attributes say: heads, strides, activation, epsilon."""
    told: dict[str, str] = {}
    for name, module in network.named_modules():
        if not name or name.split(".", 1)[0] in OUTSIDE:
            continue
        kind = type(module).__name__
        if "Dropout" in kind or kind == "DropPath":
            kind = "Identity"
        facts = {
            key: getattr(value, "__name__", None) or str(value)
            for key, value in vars(module).items()
            if not key.startswith("_")
            and key not in _OF_SIDES
            and (
                isinstance(value, bool | int | float | str)
                or callable(value)
                or (
                    isinstance(value, tuple | list)
                    and all(isinstance(one, int | float | str) for one in value)
                )
            )
        }
        told[name] = " ".join([kind, *(f"{key}={facts[key]}" for key in sorted(facts))])
    return told


def difference(one: nn.Module, other: nn.Module) -> str:
    """Return in words where two networks of the same tensors first compute something else; empty for nowhere."""
    ours, theirs = behaviour(one), behaviour(other)
    for name in dict.fromkeys([*ours, *theirs]):
        a, b = ours.get(name, "absent").split(" "), theirs.get(name, "absent").split(" ")
        if a != b:
            only = [word for word in a if word not in b], [word for word in b if word not in a]
            return f"{name}: {' '.join(only[0][:3])} / {' '.join(only[1][:3])}"
    return ""


def told_digest(told: Mapping[str, str]) -> str:
    """Return a digest of `behaviour`."""
    lines = "\n".join(f"{name} {each}" for name, each in told.items())
    return hashlib.sha256(re.sub(r" at 0x[0-9a-f]+", "", lines).encode()).hexdigest()


def content_of(networks: Iterable[tuple[str, Mapping[str, Shape], str]]) -> str:
    """Return the content of the file.

    Args:
        networks: Name of the architecture, names and shapes of its tensors, digest of its behaviour.
    """
    groups: dict[str, tuple[tuple[Any, ...], dict[str, list[str]]]] = {}
    for name, shapes, told in networks:
        fields = signed(shapes)
        key = json.dumps([fields[0], fields[1], fields[6]])
        trunk = sorted(each for each in shapes if each.split(".", 1)[0] not in OUTSIDE)
        rows = shapes[TABLE][-2] if len(shapes.get(TABLE, ())) > 1 else 0
        trunk.append(f"{TABLE}: {rows - isqrt(rows) ** 2}")
        groups.setdefault(key, (fields, {}))[1].setdefault(f"{told} {trunk}", []).append(name)
    parts: dict[str, int] = {}
    lines = []
    for fields, classes in groups.values():
        place = parts.setdefault(json.dumps(fields[6]), len(parts))
        named = sorted(
            (sorted(names, key=_plainest) for names in classes.values()),
            key=lambda names: _plainest(names[0]),
        )
        lines.append(json.dumps([*fields[:6], place, named], separators=(",", ":")))
    body = ",\n".join(sorted(lines))
    return f'{{"parts": [\n{",".join(chr(10) + each for each in parts)[1:]}\n],\n"networks": [\n{body}\n]}}\n'


def _plainest(name: str) -> tuple[bool, int, str]:
    """Return what sorts torchvision's names first, then short ones."""
    return "." in name, len(name), name
