"""`analysis.safetensors` of an image-text method: what it says of a method, and the method's parts made from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor
from transformers import BertConfig, BertModel

from lovt_bench.benchmark.backbone.analysis_file import AnalysisFile, analysis_bytes
from lovt_bench.benchmark.backbone.weights import TensorSpec, spec_problems, specs_of
from lovt_bench.benchmark.contract.analysis_file import (
    AnalysisHeader,
    HeadSpec,
    PoolingSpec,
    SideSpec,
    TextSpec,
    bert_tensors,
)
from lovt_bench.submissions.common.attention_pooling import AttentionPooling
from lovt_bench.submissions.common.cross_attention import CrossAttention
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.image_text.parts import Heads, MethodParts
from lovt_bench.submissions.common.projection import ProjectionHead
from lovt_bench.submissions.common.text.encoder import TextEncoder, pretrained_text_model
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
        BackboneError: Something is not finite.
    """
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


def parts_of(file: AnalysisFile, folder: Path | None) -> tuple[MethodParts, ReportTokeniser]:
    """Return a method's parts in eval mode on the CPU, and its tokeniser; torch's generators are left as they are.

    Args:
        file: The method's.
        folder: Of the text model; not needed where the file holds all of it.

    Raises:
        BackboneError: The file's tensors are not what its header says.
        SettingsError: The folder holds another text model than the method started from, or none.
    """
    header, state = file.header, file.state()
    if not header.text.is_whole:
        state |= _outside_of(folder, header)
    with torch.random.fork_rng(devices=[]):
        parts = _built(header)
    parts.load_state_dict(state)
    vocabulary = header.text.vocabulary
    return parts.eval(), ReportTokeniser(
        vocabulary, lower_case=header.text.lower_case, limit=header.text.limit
    )


def _pooling(pooling: AttentionPooling | None, otherwise: str, learnt: bool) -> PoolingSpec:
    if pooling is None:
        return PoolingSpec.model_validate({"kind": otherwise})
    heads = pooling.attention.num_heads
    return PoolingSpec(kind="attention", heads=heads, query=pooling.query, learnt=learnt)


def _head(head: ProjectionHead | None) -> HeadSpec | None:
    if head is None:
        return None
    norm = isinstance(head.norm, torch.nn.BatchNorm1d)
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
            "outside_sha256": _digest(outside) if outside else None,
        }
    )


def _untrained(text: TextEncoder) -> dict[str, Tensor]:
    """Return the tensors of a text model that its method did not train, by their names in BERT."""
    frozen = [f"encoder.layer.{layer}." for layer in range(text.frozen_layers)]
    frozen += ["embeddings."] if text.freeze_embeddings else []
    return _starting(text.bert.state_dict(), frozen)


def _starting(state: Mapping[str, Tensor], prefixes: list[str]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if name.startswith(tuple(prefixes))}


def _digest(state: Mapping[str, Tensor]) -> str:
    return hashlib.sha256(save({name: each.cpu().contiguous() for name, each in state.items()})).hexdigest()


def _outside_of(folder: Path | None, header: AnalysisHeader) -> dict[str, Tensor]:
    """Return what a file leaves to the folder of the text model, by its names in `MethodParts`."""
    text = header.text
    if folder is None:
        raise SettingsError(f"the text model {text.name} is not here")
    whole = pretrained_text_model(str(folder))[0].state_dict()
    expected = {name: TensorSpec(*spec) for name, spec in bert_tensors(header, inside=False).items()}
    found = {name: tensor for name, tensor in whole.items() if name in expected}
    if spec_problems(expected, specs_of(found)) or _digest(found) != text.outside_sha256:
        raise SettingsError(
            f"the folder {folder.name} holds another text model than {text.name}, which {header.method} started from; "
            "give that one's"
        )
    return {f"text.bert.{name}": tensor for name, tensor in found.items()}


def _built(header: AnalysisHeader) -> MethodParts:
    text, image, report = header.text, header.image, header.report
    config = BertConfig(
        vocab_size=text.embeddings,
        hidden_size=report.channels,
        num_hidden_layers=text.layers,
        num_attention_heads=text.heads,
        intermediate_size=text.intermediate,
        max_position_embeddings=text.positions,
        type_vocab_size=text.types,
        hidden_act=text.activation,
        layer_norm_eps=text.layer_norm_eps,
    )
    cross = header.cross_attention and image.local_head is not None
    return MethodParts(
        TextEncoder(BertModel(config, add_pooling_layer=False), frozen_layers=0, freeze_embeddings=False),
        _pooling_of(image),
        _pooling_of(report),
        Heads(
            image_global=_head_of(image, image.global_head),
            report_global=_head_of(report, report.global_head),
            image_local=_head_of(image, image.local_head),
            report_local=_head_of(report, report.local_head),
            cross_attention=CrossAttention(image.local_head.outputs) if cross and image.local_head else None,
        ),
    )


def _pooling_of(side: SideSpec) -> AttentionPooling | None:
    if side.pooling.heads is None:
        return None
    return AttentionPooling(side.channels, side.pooling.heads, side.pooling.query)


def _head_of(side: SideSpec, head: HeadSpec | None) -> ProjectionHead | None:
    if head is None:
        return None
    return ProjectionHead(side.channels, head.hidden, head.outputs, norm=head.norm)
