"""How other libraries name a network that is known: their names become timm's, before any architecture is looked at.

A dialect is recognised by a tensor that it always has and lists what is replaced in names, in order. Nothing here looks
at values; `derive.py` cuts and joins what goes by timm's names then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from lovt_bench.benchmark.backbone.tokens.positions import PositionRule
from lovt_bench.benchmark.backbone.understand.source import Source, stored

PREFIX_LIMIT = 16
"""Places in a file that are read in one dialect."""

DETECTRON2 = "Detectron2's ResNet"

Replacement = str | Callable[[re.Match[str]], str]


@dataclass(frozen=True)
class Dialect:
    """How one library names tensors."""

    name: str
    """For the report."""
    anchors: tuple[str, ...]
    """Names that it always has one of; what stands before is the prefix."""
    needs: str
    """Pattern of another name that it has below the same prefix."""
    rules: tuple[tuple[str, Replacement], ...]
    """Pattern and what it is replaced by, in a name without prefix; each sees what the one before made."""
    also: str = ""
    """Pattern of one more such name."""
    positions: PositionRule = "bicubic-antialias"
    """The rule by which the library resamples position tables (`tokens.positions`)."""

    def prefixes(self, names: Mapping[str, object]) -> list[str]:
        """Return the places, each empty or ending with a dot, where a file has this dialect."""
        found = {
            name[: -len(anchor)]
            for name in names
            for anchor in self.anchors
            if name == anchor or name.endswith("." + anchor)
        }
        needed = [re.compile(self.needs), re.compile(self.also)]
        return [
            prefix
            for prefix in sorted(found, key=len)[:PREFIX_LIMIT]
            if all(
                any(one.match(name, len(prefix)) for name in names if name.startswith(prefix))
                for one in needed
            )
        ]

    def rename(self, name: str) -> str:
        """Return timm's name of a tensor, both without prefix."""
        for pattern, replacement in self.rules:
            name = re.sub(pattern, replacement, name)
        return name


@dataclass(frozen=True)
class Reading:
    """All tensors of a file, below some prefixes under timm's names."""

    dialect: Dialect | None
    """None: every name is the file's own."""
    sources: Mapping[str, Source]
    prefixes: tuple[str, ...] = ()
    """Where the dialect was found."""

    @property
    def name(self) -> str:
        """Return who names tensors so, for the report."""
        return "" if self.dialect is None else self.dialect.name

    def position_rule(self, prefix: str) -> PositionRule:
        """Return by which rule the position table below a prefix is resampled (`tokens.positions`)."""
        # Those who trained with registers changed the rule, too: in DINOv2's repository, and in transformers.
        if self.dialect is None or prefix + "reg_token" in self.sources:
            return "bicubic-antialias"
        return self.dialect.positions


def _shifted(by: int) -> Callable[[re.Match[str]], str]:
    return lambda found: f"layers.{int(found[1]) + by}.downsample"


DIALECTS = (
    Dialect(
        "Hugging Face transformers",
        (
            "embeddings.patch_embeddings.projection.weight",
            "embeddings.patch_embeddings.weight",
            "embeddings.patch_embedding.weight",
        ),
        r"(?:encoder\.|model\.)?layers?\.0\.",
        (
            (r"^embeddings\.patch_embeddings?(?:\.projection)?\.", "patch_embed.proj."),
            (r"^embeddings\.(?:cls_token|class_embedding)$", "cls_token"),
            (r"^embeddings\.distillation_token$", "dist_token"),
            (r"^embeddings\.register_tokens$", "reg_token"),
            (r"^embeddings\.position_embeddings?(?:\.weight)?$", "pos_embed"),
            (r"^embeddings\.mask_token$", "mask_token"),
            (r"^embeddings\.norm\.", "patch_embed.norm."),
            (r"^(?:encoder\.|model\.)?layers?\.(\d+)\.(?!blocks\.|downsample\.)", r"blocks.\1."),
            (r"^encoder\.layers\.(\d+)\.blocks\.", r"layers.\1.blocks."),
            (r"^encoder\.layers\.(\d+)\.downsample", _shifted(1)),
            (r"^(?:encoder\.)?relative_position_bias\.", "rel_pos_bias."),
            (
                r"^(.*blocks\.\d+\.)(?:attention\.)?(?:attention\.|self\.)?(?:relative_position_bias\.)?"
                r"(relative_position_\w+)$",
                r"\1attn.\2",
            ),
            (r"\.attention\.(?:attention|self)\.([qkv])(?:uery|ey|alue)\.", r".attn.\1_proj."),
            (r"\.(?:attention|self_attn)\.([qkv]_proj)\.", r".attn.\1."),
            (r"\.(?:attention\.output\.dense|attention\.o_proj|self_attn\.out_proj)\.", ".attn.proj."),
            (r"\.(?:layernorm_before|layer_norm1)\.", ".norm1."),
            (r"\.(?:layernorm_after|layer_norm2)\.", ".norm2."),
            (r"\.intermediate\.dense\.", ".mlp.fc1."),
            (r"\.output\.dense\.", ".mlp.fc2."),
            (r"\.layer_scale([12])\.lambda1$", r".ls\1.gamma"),
            (r"\.lambda_([12])$", r".ls\1.gamma"),
            (r"\.mlp\.weights_in\.", ".mlp.fc1."),
            (r"\.mlp\.(?:weights_out|down_proj)\.", ".mlp.fc2."),
            (r"\.mlp\.gate_proj\.", ".mlp.fc1_g."),
            (r"\.mlp\.up_proj\.", ".mlp.fc1_x."),
            (r"^pre_layrnorm\.", "norm_pre."),
            (r"^(?:layernorm|post_layernorm)\.", "norm."),
            (r"^pooler\.layernorm\.", "fc_norm."),
        ),
        positions="bicubic",
    ),
    Dialect(
        "CLIP's visual tower (OpenAI, open_clip)",
        ("transformer.resblocks.0.attn.in_proj_weight",),
        r"class_embedding$",
        (
            (r"^conv1\.", "patch_embed.proj."),
            (r"^class_embedding$", "cls_token"),
            (r"^positional_embedding$", "pos_embed"),
            (r"^ln_pre\.", "norm_pre."),
            (r"^ln_post\.", "norm."),
            (r"^transformer\.resblocks\.", "blocks."),
            (r"\.ln_([12])\.", r".norm\1."),
            (r"\.attn\.in_proj_(weight|bias)$", r".attn.qkv.\1"),
            (r"\.attn\.out_proj\.", ".attn.proj."),
            (r"\.mlp\.c_fc\.", ".mlp.fc1."),
            (r"\.mlp\.c_proj\.", ".mlp.fc2."),
            (r"\.ls_([12])\.gamma$", r".ls\1.gamma"),
        ),
    ),
    Dialect(
        "MMPretrain's VisionTransformer",
        ("patch_embed.projection.weight",),
        r"layers\.0\.ln1\.|layers\.0\.norm1\.",
        (
            (r"^patch_embed\.projection\.", "patch_embed.proj."),
            (r"^layers\.", "blocks."),
            (r"^(?:ln1|norm1)\.", "norm."),
            (r"^pre_norm\.", "norm_pre."),
            (r"\.ln([12])\.", r".norm\1."),
            (r"\.ffn\.layers\.0\.0\.", ".mlp.fc1."),
            (r"\.ffn\.layers\.1\.", ".mlp.fc2."),
            (r"\.attn\.gamma1\.weight$", ".ls1.gamma"),
            (r"\.ffn\.gamma2\.weight$", ".ls2.gamma"),
        ),
    ),
    Dialect(
        "DINOv2's repository",
        ("patch_embed.proj.weight",),
        r"mask_token$|blocks\.0\.0\.norm1\.|register_tokens$|blocks\.0\.mlp\.w12\.",
        (
            (r"^blocks\.\d+\.(\d+)\.", r"blocks.\1."),
            (r"^register_tokens$", "reg_token"),
            (r"\.mlp\.w12\.", ".mlp.fc1."),
            (r"\.mlp\.w3\.", ".mlp.fc2."),
        ),
        also=r"blocks\.(?:0\.)?0\.ls1\.gamma$",
        positions="bicubic-offset",
    ),
    Dialect(
        "DINOv3's repository",
        ("patch_embed.proj.weight",),
        r"storage_tokens$",
        (
            (r"^storage_tokens$", "reg_token"),
            (r"\.mlp\.w1\.", ".mlp.fc1_g."),
            (r"\.mlp\.w2\.", ".mlp.fc1_x."),
            (r"\.mlp\.w3\.", ".mlp.fc2."),
        ),
    ),
    Dialect(
        "EVA-02's repository",
        ("patch_embed.proj.weight",),
        r"blocks\.0\.(?:mlp\.w1\.|mlp\.ffn_ln\.|attn\.inner_attn_ln\.)",
        (
            (r"\.mlp\.ffn_ln\.", ".mlp.norm."),
            (r"\.attn\.inner_attn_ln\.", ".attn.norm."),
            (r"\.mlp\.w1\.", ".mlp.fc1_g."),
            (r"\.mlp\.w2\.", ".mlp.fc1_x."),
            (r"\.mlp\.w3\.", ".mlp.fc2."),
        ),
    ),
    Dialect(
        "Swin as Microsoft's repository and timm before 0.9 name it: a stage ends with its downsampling",
        ("patch_embed.proj.weight",),
        r"layers\.0\.downsample\.reduction\.",
        ((r"^layers\.(\d+)\.downsample", _shifted(1)),),
    ),
    Dialect(
        "DenseNet of 2018: dots in the names of layers",
        ("features.denseblock1.denselayer1.norm.1.weight",),
        r"features\.",
        ((r"(denselayer\d+)\.(norm|conv)\.([12])\.", r"\1.\2\3."),),
    ),
    Dialect(
        DETECTRON2,
        ("stem.conv1.weight",),
        r"res2\.0\.conv1\.",
        (
            (r"^stem\.conv1\.norm\.", "bn1."),
            (r"^stem\.conv1\.", "conv1."),
            (r"^res([2-5])\.", lambda found: f"layer{int(found[1]) - 1}."),
            (r"\.conv([123])\.norm\.", r".bn\1."),
            (r"\.shortcut\.norm\.", ".downsample.1."),
            (r"\.shortcut\.", ".downsample.0."),
        ),
    ),
)


def readings(tensors: Mapping[str, Tensor]) -> Iterator[Reading]:
    """Yield the tensors under the file's own names, and once for each dialect that the file has."""
    plain = stored(tensors)
    yield Reading(None, plain)
    for dialect in DIALECTS:
        prefixes = dialect.prefixes(tensors)
        if prefixes and (sources := _translated(plain, dialect, prefixes)) is not None:
            yield Reading(dialect, sources, tuple(prefixes))


def _translated(
    plain: Mapping[str, Source], dialect: Dialect, prefixes: Sequence[str]
) -> dict[str, Source] | None:
    """Return all tensors, those below the prefixes renamed; None where two would have one name."""
    found: dict[str, Source] = {}
    longest_first = sorted(prefixes, key=len, reverse=True)
    for name, source in plain.items():
        prefix = next((one for one in longest_first if name.startswith(one)), None)
        new = name if prefix is None else prefix + dialect.rename(name[len(prefix) :])
        if new in found:
            return None
        found[new] = source
    return found
