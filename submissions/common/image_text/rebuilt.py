"""The parts of an image-text method, made again from its `analysis.safetensors`."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from transformers import BertConfig, BertModel

from lovt_bench.benchmark.backbone.analysis_file import AnalysisFile
from lovt_bench.benchmark.backbone.weights import TensorSpec, spec_problems, specs_of
from lovt_bench.benchmark.contract.analysis_file import AnalysisHeader, HeadSpec, SideSpec
from lovt_bench.benchmark.contract.analysis_tensors import bert_tensors
from lovt_bench.submissions.common.attention_pooling import AttentionPooling
from lovt_bench.submissions.common.cross_attention import CrossAttention
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.image_text.analysis_file import tensors_digest
from lovt_bench.submissions.common.image_text.parts import Heads, MethodParts
from lovt_bench.submissions.common.projection import ProjectionHead
from lovt_bench.submissions.common.text.encoder import TextEncoder, pretrained_text_model
from lovt_bench.submissions.common.text.tokeniser import ReportTokeniser


def parts_of(
    file: AnalysisFile, folder: Path | None, *, text: bool = True
) -> tuple[MethodParts, ReportTokeniser | None]:
    """Return a method's parts in eval mode on the CPU, and its tokeniser; torch's generators are left as they are.

    Args:
        file: The method's.
        folder: Of the text model; not needed where the file holds all of it.
        text: Whether the text model is made; without it reports cannot be encoded, and there is no tokeniser.

    Raises:
        BackboneError: The file's tensors are not what its header says.
        SettingsError: The folder holds another text model than the method started from, or none.
    """
    header, state = file.header, file.state()
    if not text:
        state = {name: tensor for name, tensor in state.items() if not name.startswith("text.")}
    elif not header.text.is_whole:
        state |= _outside_of(folder, header)
    with torch.random.fork_rng(devices=[]):
        parts = _built(header, text=text)
    parts.load_state_dict(state)
    if not text:
        return parts.eval(), None
    vocabulary = header.text.vocabulary
    return parts.eval(), ReportTokeniser(
        vocabulary, lower_case=header.text.lower_case, limit=header.text.limit
    )


def _outside_of(folder: Path | None, header: AnalysisHeader) -> dict[str, Tensor]:
    """Return what a file leaves to the folder of the text model, by its names in `MethodParts`."""
    text = header.text
    if folder is None:
        raise SettingsError(f"the text model {text.name} is not here")
    whole = pretrained_text_model(str(folder))[0].state_dict()
    expected = {name: TensorSpec(*spec) for name, spec in bert_tensors(header, inside=False).items()}
    found = {name: tensor for name, tensor in whole.items() if name in expected}
    if spec_problems(expected, specs_of(found)) or tensors_digest(found) != text.outside_sha256:
        raise SettingsError(
            f"the folder {folder.name} holds another text model than {text.name}, which {header.method} started from; "
            "give that one's"
        )
    return {f"text.bert.{name}": tensor for name, tensor in found.items()}


def _text_of(header: AnalysisHeader) -> TextEncoder:
    text, report = header.text, header.report
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
    return TextEncoder(BertModel(config, add_pooling_layer=False), frozen_layers=0, freeze_embeddings=False)


def _built(header: AnalysisHeader, *, text: bool) -> MethodParts:
    image, report = header.image, header.report
    cross = header.cross_attention and image.local_head is not None
    return MethodParts(
        _text_of(header) if text else None,
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
