"""The language model: a BERT whose embeddings and first layers do not learn (pretraining.md section 1.2)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel
from transformers.utils import logging

from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.text.source import has_safetensors, model_folder
from lovt_bench.submissions.common.text.tokeniser import ReportTokeniser, ReportTokens, read_vocabulary
from lovt_bench.submissions.common.text.vocabulary import corpus_vocabulary

MAX_TOKENS = 512


class TextEncoder(nn.Module):
    """A report's sentences together in, the last hidden layer out."""

    def __init__(
        self,
        bert: BertModel,
        *,
        frozen_layers: int,
        freeze_embeddings: bool = True,
        frozen_dropout: bool = True,
    ) -> None:
        """Freeze embeddings and the first `frozen_layers` layers.

        `frozen_dropout`: what is frozen stays in train mode, its dropout active (published); else in eval mode.

        Raises:
            SettingsError: The model has fewer layers.
        """
        super().__init__()
        layers = bert.encoder.layer
        if frozen_layers > len(layers):
            raise SettingsError(
                f"frozen_layers={frozen_layers}, but the text model has {len(layers)} layers; "
                f"--set frozen_layers=0 … {len(layers)}"
            )
        self.bert = bert
        self.frozen_dropout = frozen_dropout
        self.frozen_layers, self.freeze_embeddings = frozen_layers, freeze_embeddings
        self._frozen = [*([bert.embeddings] if freeze_embeddings else []), *layers[:frozen_layers]]
        for part in self._frozen:
            part.requires_grad_(False)

    @property
    def dimension(self) -> int:
        """Channels of a token."""
        return int(self.bert.config.hidden_size)

    def train(self, mode: bool = True) -> TextEncoder:
        super().train(mode)
        if not self.frozen_dropout:
            for part in self._frozen:
                part.eval()
        return self

    def forward(self, tokens: ReportTokens) -> Tensor:
        """Return (B, T, d) float, special tokens and padding included."""
        output = self.bert(input_ids=tokens.ids, attention_mask=tokens.attention_mask)
        features: Tensor = output.last_hidden_state
        return features

    def hidden_states(self, tokens: ReportTokens) -> tuple[Tensor, ...]:
        """Return (B, T, d) float behind the embeddings and behind each layer."""
        output = self.bert(
            input_ids=tokens.ids, attention_mask=tokens.attention_mask, output_hidden_states=True
        )
        states: tuple[Tensor, ...] = output.hidden_states
        return states

    def first_token_attention(self, before: Tensor, attention_mask: Tensor) -> Tensor:
        """Return (B, T) float, rows sum 1: how the first token attends in the last layer, mean over its heads.

        Args:
            before: (B, T, d) float, what goes into the last layer.
            attention_mask: (B, T), 1 where there is a token.
        """
        last: Any = self.bert.encoder.layer[-1]
        layer = last.attention.self
        heads = self.bert.config.num_attention_heads
        query = layer.query(before[:, 0]).unflatten(-1, (heads, -1))
        keys = layer.key(before).unflatten(-1, (heads, -1))
        scores = torch.einsum("bhd,bthd->bht", query, keys) / math.sqrt(query.shape[-1])
        return scores.masked_fill(attention_mask[:, None] == 0, -math.inf).softmax(dim=2).mean(dim=1)


def pretrained_text_model(name: str, *, lower_case: bool = True) -> tuple[BertModel, ReportTokeniser]:
    """Return a BERT and its tokeniser.

    Args:
        name: See `source.model_folder`.
        lower_case: Whether the tokeniser lower-cases, whatever the folder says of it. The published run did,
            with a cased vocabulary.

    Raises:
        SettingsError: No such model, another kind of model, or weights that do not fill it. Weights are read
            without executing pickled code.
    """
    folder = model_folder(name)
    kind = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type", "bert")
    if kind != "bert":
        raise SettingsError(f"text_model={name}: expected a BERT model, found model_type {kind!r}")
    config = BertConfig.from_pretrained(folder, local_files_only=True)
    try:
        with _quiet():
            loaded: Any = BertModel.from_pretrained(
                folder,
                config=config,
                add_pooling_layer=False,
                local_files_only=True,
                use_safetensors=has_safetensors(folder),
                weights_only=True,
                dtype="float32",
                output_loading_info=True,
            )
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise SettingsError(f"text_model={name}: {folder} cannot be loaded: {reason}") from error
    bert, report = loaded
    if missing := sorted(report["missing_keys"]):
        raise SettingsError(f"text_model={name}: its weights lack {', '.join(missing[:3])} and so on")
    vocabulary = read_vocabulary(folder)
    if len(vocabulary) > config.vocab_size:
        raise SettingsError(
            f"text_model={name}: {len(vocabulary)} tokens in the vocabulary, {config.vocab_size} in the model"
        )
    limit = min(MAX_TOKENS, config.max_position_embeddings)
    return bert, ReportTokeniser(vocabulary, lower_case=lower_case, limit=limit)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library from reporting the heads that are left out on purpose, and from drawing a bar."""
    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()


def small_text_model(
    sentences: Iterable[str],
    *,
    layers: int = 2,
    hidden: int = 128,
    heads: int = 4,
    vocabulary: int = 4096,
    lower_case: bool = True,
) -> tuple[BertModel, ReportTokeniser]:
    """Return an untrained BERT and a tokeniser made from a corpus; weights from torch's global generator.

    Raises:
        PretrainingError: The sentences have no words.
    """
    tokeniser = ReportTokeniser(
        corpus_vocabulary(sentences, vocabulary, lower_case=lower_case),
        lower_case=lower_case,
        limit=MAX_TOKENS,
    )
    config = BertConfig(
        vocab_size=tokeniser.size,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * hidden,
        max_position_embeddings=MAX_TOKENS,
    )
    return BertModel(config, add_pooling_layer=False), tokeniser
