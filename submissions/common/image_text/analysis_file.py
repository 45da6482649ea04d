"""`analysis.safetensors` of an image-text method: what it says of a method."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from safetensors.torch import save
from torch import Tensor

from lovt_bench.benchmark.backbone.analysis_file import analysis_bytes
from lovt_bench.benchmark.contract.analysis_file import (
    AnalysisHeader,
    HeadSpec,
    PoolingSpec,
    SideSpec,
    TextSpec,
)
from lovt_bench.submissions.common.attention_pooling import AttentionPooling
from lovt_bench.submissions.common.image_text.parts import MethodParts
from lovt_bench.submissions.common.projection import ProjectionHead
from lovt_bench.submissions.common.text.encoder import TextEncoder
from lovt_bench.submissions.common.text.tokeniser import ReportTokeniser


@dataclass(frozen=True)
class TextOrigin:
    """Where a text model started from.

    Attributes:
        name: What the file calls it.
        has_folder: Whether what the method did not train can be read from a folder again.
    """

    name: str
    has_folder: bool


def content_of(
    parts: MethodParts,
    tokeniser: ReportTokeniser,
    origin: TextOrigin,
    *,
    method: str,
    backbone_sha256: str,
    corpus_sha256: str,
    image_channels: int,
    learnt_pooling: bool,
) -> bytes:
    """Return the content of a method's file.

    Args:
        parts: All behind the image encoder.
        tokeniser: That of the text model.
        origin: Of the text model.
        method: Name of the submission.
        backbone_sha256: Identity of the backbone.
        corpus_sha256: Identity of the corpus.
        image_channels: Of a region.
        learnt_pooling: Whether attention pooling was trained.

    Raises:
        BackboneError: Something is not finite, or it is too large for a file.
        SettingsError: A token stands twice in the text model's vocabulary.
        ValidationError: The contract has no such part.
    """
    assert parts.text is not None
    header = AnalysisHeader(
        method=method,
        backbone_sha256=backbone_sha256,
        corpus_sha256=corpus_sha256,
        image=SideSpec(
            channels=image_channels,
            pooling=_pooling(parts.image_pooling, "mean", learnt_pooling),
            global_head=_head(parts.image_global_head),
            local_head=_head(parts.image_local_head),
        ),
        report=SideSpec(
            channels=parts.text.dimension,
            pooling=_pooling(parts.report_pooling, "maximum", learnt_pooling),
            global_head=_head(parts.report_global_head),
            local_head=_head(parts.report_local_head),
        ),
        text=_text(parts.text, tokeniser, origin),
        cross_attention=parts.cross_attention is not None,
    )
    return analysis_bytes(header, parts.state_dict())


def _pooling(pooling: AttentionPooling | None, otherwise: str, learnt: bool) -> PoolingSpec:
    if pooling is None:
        return PoolingSpec.model_validate({"kind": otherwise})
    heads = pooling.attention.num_heads
    return PoolingSpec(kind="attention", heads=heads, query=pooling.query, learnt=learnt)


def _head(head: ProjectionHead | None) -> HeadSpec | None:
    if head is None:
        return None
    # Not BatchNorm1d: after statistics were synchronised over GPUs Lightning leaves a class of its own.
    norm = not isinstance(head.norm, torch.nn.Identity)
    return HeadSpec(hidden=head.inner.out_features, outputs=head.outer.out_features, norm=norm)


def _text(text: TextEncoder, tokeniser: ReportTokeniser, origin: TextOrigin) -> TextSpec:
    config = text.bert.config
    outside = _untrained(text) if origin.has_folder else {}
    return TextSpec.model_validate(
        {
            "name": origin.name,
            "layers": config.num_hidden_layers,
            "heads": config.num_attention_heads,
            "intermediate": config.intermediate_size,
            "positions": config.max_position_embeddings,
            "types": config.type_vocab_size,
            "embeddings": config.vocab_size,
            "activation": config.hidden_act,
            "layer_norm_eps": config.layer_norm_eps,
            "vocabulary": tokeniser.vocabulary(),
            "lower_case": tokeniser.lower_case,
            "limit": tokeniser.limit,
            "outside_layers": text.frozen_layers if outside else 0,
            "outside_embeddings": bool(outside) and text.freeze_embeddings,
            "outside_sha256": tensors_digest(outside) if outside else None,
        }
    )


def _untrained(text: TextEncoder) -> dict[str, Tensor]:
    """Return the tensors of a text model that its method did not train, by their names in BERT."""
    frozen = [f"encoder.layer.{layer}." for layer in range(text.frozen_layers)]
    frozen += ["embeddings."] if text.freeze_embeddings else []
    return _starting(text.bert.state_dict(), frozen)


def _starting(state: Mapping[str, Tensor], prefixes: list[str]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if name.startswith(tuple(prefixes))}


def tensors_digest(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 that a safetensors file of these tensors has."""
    return hashlib.sha256(save({name: each.cpu().contiguous() for name, each in state.items()})).hexdigest()
