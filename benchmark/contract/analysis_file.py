"""`analysis.safetensors`: what the analysis of a method needs beside its backbone (docs/contract.md).

The header's entry `analysis` is an `AnalysisHeader` as JSON. It says which tensors the file holds and of which shapes:
`analysis_tensors.py`. The file is optional, no rank depends on it, and no digest of a backbone covers it.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from lovt_bench.benchmark.contract.base import Model, Name, Sha256
from lovt_bench.benchmark.contract.made_with import Words

ANALYSIS_FILE = "analysis.safetensors"
"""Beside `backbone.safetensors`."""

HEADER_ENTRY = "analysis"
"""Entry of the header of the file."""

ANALYSIS_BYTES = 2 << 30
"""Bytes that the file may have: a large BERT takes 1.3 GB."""

HEADER_BYTES = 16 << 20
"""Bytes that the header may have: most of them are the vocabulary."""

Size = Annotated[int, Field(ge=1, le=1 << 16)]
"""Size of something."""
Channels = Annotated[int, Field(ge=1, le=4096)]
"""Of features that are measured: the square of them is held in memory, in double precision."""
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
"""Tokens that each vocabulary holds."""
Token = Annotated[str, StringConstraints(min_length=1, max_length=400)]


class HeadSpec(Model):
    """Linear, batch norm or none, ReLU, linear; with biases; the same at each position."""

    hidden: Size
    outputs: Channels
    norm: bool


class PoolingSpec(Model):
    """How positions become one vector."""

    kind: Literal["attention", "mean", "maximum"]
    """`attention`: multi-head attention whose query is the mean of the positions; `maximum`: over the tokens of a
    report, special ones left out."""
    heads: Size | None = None
    """Of attention."""
    query: Literal["padded", "valid"] = "padded"
    """What the sum over sentences is divided by for the query: the largest number of sentences in the batch, or the
    report's own."""
    learnt: bool = False
    """Whether the weights of attention were learnt, so that they say which region or sentence counts."""

    @model_validator(mode="after")
    def _attention_has_heads(self) -> Self:
        if (self.kind == "attention") != (self.heads is not None):
            raise ValueError("attention has heads, and nothing else does")
        if self.learnt and self.kind != "attention":
            raise ValueError("only attention has weights that could be learnt")
        return self


class SideSpec(Model):
    """Images or reports."""

    channels: Channels
    """Of a region or a sentence, before projection."""
    pooling: PoolingSpec
    global_head: HeadSpec | None = None
    local_head: HeadSpec | None = None

    @model_validator(mode="after")
    def _heads_divide_channels(self) -> Self:
        if self.pooling.heads is not None and self.channels % self.pooling.heads:
            raise ValueError(f"{self.pooling.heads} heads do not divide {self.channels} channels")
        return self


class TextSpec(Model):
    """A BERT without its pooler, and its WordPiece tokeniser."""

    name: Words
    """What the method calls the text model."""
    layers: int = Field(ge=1, le=64)
    heads: Size
    intermediate: Size
    positions: Size
    types: Size
    embeddings: int = Field(ge=1, le=1 << 20)
    """Rows of the table of tokens; at least as many as there are tokens."""
    activation: Literal["gelu", "gelu_new", "relu"]
    layer_norm_eps: float = Field(gt=0, lt=1)
    vocabulary: list[Token] = Field(min_length=4, max_length=1 << 20)
    """In the order of their numbers: each once, those of `SPECIAL` among them."""
    lower_case: bool
    limit: int = Field(ge=3, le=1 << 16)
    """Tokens of a report, [CLS] and [SEP] included."""
    outside_layers: int = Field(default=0, ge=0)
    """First layers that the method did not train: they lie in the folder of the text model, not in the file."""
    outside_embeddings: bool = False
    """Whether the same holds for the embeddings."""
    outside_sha256: Sha256 | None = None
    """Digest of what lies outside: SHA-256 of its tensors as safetensors."""

    @property
    def is_whole(self) -> bool:
        """Whether the file holds all of it."""
        return self.outside_layers == 0 and not self.outside_embeddings

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.outside_layers > self.layers:
            raise ValueError(f"{self.outside_layers} layers lie outside, of {self.layers}")
        if self.is_whole != (self.outside_sha256 is None):
            raise ValueError("outside_sha256 belongs to a text model of which something lies outside")
        if len(self.vocabulary) > self.embeddings:
            raise ValueError(f"{len(self.vocabulary)} tokens, but a table of {self.embeddings}")
        there = set(self.vocabulary)
        if len(there) < len(self.vocabulary):
            raise ValueError(f"{len(self.vocabulary) - len(there)} tokens of the vocabulary are there twice")
        if lacking := [token for token in SPECIAL if token not in there]:
            raise ValueError(f"the vocabulary lacks {', '.join(lacking)}")
        if self.limit > self.positions:
            raise ValueError(f"reports of {self.limit} tokens, but {self.positions} positions")
        return self


class AnalysisHeader(Model):
    """What a method's file says of itself."""

    schema_version: Literal[1] = 1
    method: Name
    backbone_sha256: Sha256
    """Identity of the backbone that it belongs to."""
    corpus_sha256: Sha256
    """Identity of the corpus that the method learnt from."""
    image: SideSpec
    """Its regions are the positions of the backbone's deepest level."""
    report: SideSpec
    text: TextSpec
    cross_attention: bool = False
    """Whether regions and sentences attend to each other (pretraining.md section 1.4)."""

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.report.channels % self.text.heads:
            raise ValueError(f"{self.text.heads} heads of the text model do not divide its channels")
        if self.image.pooling.kind == "maximum" or self.report.pooling.kind == "mean":
            raise ValueError("images are pooled by attention or mean, reports by attention or maximum")
        for level in ("global_head", "local_head"):
            heads = [getattr(side, level) for side in (self.image, self.report)]
            if len({None if head is None else head.outputs for head in heads}) > 1:
                raise ValueError(f"{level}: both sides have one, with as many outputs, or none has")
        if self.cross_attention and self.image.local_head is None:
            raise ValueError(
                "cross attention is between projected regions and sentences: local heads are missing"
            )
        return self
