"""Plain vision transformers as methods train them: all tokens, or those that a mask leaves, CLS first."""

from __future__ import annotations

from timm.models.vision_transformer import VisionTransformer
from torch import Tensor

from lovt_bench.benchmark.backbone.architectures.timm_tokens import TimmTokens
from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.backbone.network import SIDE
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.lightly_parts import utils


def plain_transformer(backbone: Backbone) -> TimmTokens:
    """Return the backbone, which is a vision transformer of timm with a CLS token and a learned table of positions.

    Raises:
        SettingsError: It is another network.
    """
    if isinstance(backbone, TimmTokens):
        network = backbone.network_for(SIDE)
        plain = isinstance(network, VisionTransformer) and network.num_prefix_tokens == 1
        if plain and not network.no_embed_class and backbone.norm_name == "norm":
            return backbone
    raise SettingsError(
        f"architecture={backbone.architecture}: expected a plain vision transformer of timm with a CLS token that "
        "has a place in the table of positions; take timm.vit_base_patch16_224 or another size of it"
    )


def encode(transformer: TimmTokens, images: Tensor, keep: Tensor | None = None) -> Tensor:
    """Return the tokens after the last norm, CLS first.

    Args:
        transformer: A plain one.
        images: (N, 3, S, S), `fitted`: the patch divides their side.
        keep: (N, K) int64, places of the tokens that the blocks see, 0 for CLS; None: all 1 + (S / patch)².

    Returns:
        (N, K, width) in the order of `keep`.
    """
    network = transformer.network_for(images.shape[-1])
    tokens = network.norm_pre(network._pos_embed(network.patch_embed(images)))
    if keep is not None:
        tokens = utils.get_at_index(tokens, keep)
    return network.norm(network.blocks(tokens))
