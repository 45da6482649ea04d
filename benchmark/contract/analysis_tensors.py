"""Which tensors `analysis.safetensors` holds, and of which shapes: all follows from its header."""

from __future__ import annotations

from collections.abc import Iterator

from lovt_bench.benchmark.contract.analysis_file import AnalysisHeader, HeadSpec, TextSpec

Shape = tuple[int, ...]
Spec = tuple[str, tuple[Shape, str]]

NUMBER, COUNT = "F32", "I64"
"""Dtypes of tensors, as safetensors names them; `COUNT` of the batches that a batch norm has seen."""


def tensors(header: AnalysisHeader) -> dict[str, tuple[Shape, str]]:
    """Return shape and dtype of each tensor that a file of this header holds, by name."""
    found: dict[str, tuple[Shape, str]] = {}
    for prefix, side in (("image", header.image), ("report", header.report)):
        if side.pooling.kind == "attention":
            found |= {f"{prefix}_pooling.attention.{name}": each for name, each in _attention(side.channels)}
        for level, head in (("global", side.global_head), ("local", side.local_head)):
            if head is not None:
                of_head = _head(side.channels, head)
                found |= {f"{prefix}_{level}_head.{name}": each for name, each in of_head}
    if header.cross_attention and header.image.local_head is not None:
        width = header.image.local_head.outputs
        for part in ("key", "value", "output"):
            found |= {f"cross_attention.{part}.{name}": each for name, each in _linear(width, width)}
        found |= {f"cross_attention.norm.{name}": each for name, each in _batch_norm(width)}
    return found | {f"text.bert.{name}": each for name, each in bert_tensors(header, inside=True).items()}


def bert_tensors(header: AnalysisHeader, *, inside: bool) -> dict[str, tuple[Shape, str]]:
    """Return shape and dtype of the text model's tensors that lie in the file, or outside, by their names in BERT."""
    text, width = header.text, header.report.channels
    found: dict[str, tuple[Shape, str]] = {}
    if text.outside_embeddings != inside:
        found |= dict(_embeddings(text, width))
    layers = range(text.outside_layers, text.layers) if inside else range(text.outside_layers)
    for layer in layers:
        found |= dict(_below(f"encoder.layer.{layer}", _layer(text, width)))
    return found


def _linear(inputs: int, outputs: int) -> Iterator[Spec]:
    yield "weight", ((outputs, inputs), NUMBER)
    yield "bias", ((outputs,), NUMBER)


def _scale(width: int) -> Iterator[Spec]:
    yield "weight", ((width,), NUMBER)
    yield "bias", ((width,), NUMBER)


def _batch_norm(width: int) -> Iterator[Spec]:
    yield from _scale(width)
    yield "running_mean", ((width,), NUMBER)
    yield "running_var", ((width,), NUMBER)
    yield "num_batches_tracked", ((), COUNT)


def _attention(width: int) -> Iterator[Spec]:
    yield "in_proj_weight", ((3 * width, width), NUMBER)
    yield "in_proj_bias", ((3 * width,), NUMBER)
    yield from _below("out_proj", _linear(width, width))


def _head(inputs: int, head: HeadSpec) -> Iterator[Spec]:
    yield from _below("inner", _linear(inputs, head.hidden))
    if head.norm:
        yield from _below("norm", _batch_norm(head.hidden))
    yield from _below("outer", _linear(head.hidden, head.outputs))


def _embeddings(text: TextSpec, width: int) -> Iterator[Spec]:
    tables = {"word": text.embeddings, "position": text.positions, "token_type": text.types}
    for table, rows in tables.items():
        yield f"embeddings.{table}_embeddings.weight", ((rows, width), NUMBER)
    yield from _below("embeddings.LayerNorm", _scale(width))


def _layer(text: TextSpec, width: int) -> Iterator[Spec]:
    for part in ("query", "key", "value"):
        yield from _below(f"attention.self.{part}", _linear(width, width))
    yield from _below("attention.output.dense", _linear(width, width))
    yield from _below("attention.output.LayerNorm", _scale(width))
    yield from _below("intermediate.dense", _linear(width, text.intermediate))
    yield from _below("output.dense", _linear(text.intermediate, width))
    yield from _below("output.LayerNorm", _scale(width))


def _below(prefix: str, specs: Iterator[Spec]) -> Iterator[Spec]:
    for name, each in specs:
        yield f"{prefix}.{name}", each
