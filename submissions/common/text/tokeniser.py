"""Reports to token numbers: sentence by sentence, one sequence a report (pretraining.md section 1.2)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from torch import Tensor

from lovt_bench.benchmark.contract.analysis_file import SPECIAL
from lovt_bench.submissions.common.errors import PretrainingError, SettingsError


class ReportTokens(NamedTuple):
    """The reports of a batch, padded to the longest."""

    ids: Tensor
    """(B, T) int64, [CLS] … [SEP] and padding."""
    attention_mask: Tensor
    """(B, T) int64, 1 where there is a token."""
    sentence: Tensor
    """(B, T) int64, the sentence of each token; -1 for special tokens and padding."""
    sentence_count: int
    """Largest number of sentences of a report."""


class ReportTokeniser:
    """BERT's WordPiece tokeniser, applied as the published study did.

    Sentences are tokenised one by one, each cut to what the model can hold, and joined as long as all fit: the
    first that does not, and all after it, are left out. A sentence without any token counts as one unknown.
    Picklable; `restore` changes it in place, so that all who hold it follow.
    """

    def __init__(self, vocabulary: Sequence[str], *, lower_case: bool = True, limit: int = 512) -> None:
        """Take a vocabulary in the order of its numbers and the longest sequence of the model.

        Raises:
            SettingsError: A special token is missing.
        """
        if missing := [token for token in SPECIAL if token not in set(vocabulary)]:
            raise SettingsError(
                f"the vocabulary of the text model lacks {', '.join(missing)}; expected that of a BERT model"
            )
        numbers = {token: number for number, token in enumerate(vocabulary)}
        backend = Tokenizer(WordPiece(numbers, unk_token=SPECIAL[1]))
        backend.normalizer = BertNormalizer(lowercase=lower_case)
        backend.pre_tokenizer = BertPreTokenizer()
        self.limit, self.lower_case = limit, lower_case
        self._use(backend)

    def _use(self, backend: Tokenizer) -> None:
        self._backend = backend
        numbers = backend.get_vocab()
        self.pad, self.unknown, self.first, self.last = (numbers[token] for token in SPECIAL)

    @property
    def size(self) -> int:
        """Number of tokens in the vocabulary."""
        return int(self._backend.get_vocab_size())

    def vocabulary(self) -> list[str]:
        """Return the tokens in the order of their numbers.

        Raises:
            SettingsError: A number has no token: one stands twice in the list that the model came with.
        """
        numbers = self._backend.get_vocab()
        listed = sorted(numbers, key=numbers.__getitem__)
        if numbers[listed[-1]] != len(listed) - 1:
            raise SettingsError(
                f"the vocabulary of the text model has {len(listed)} tokens, numbered up to {numbers[listed[-1]]}; "
                "expected each number from 0: list each token once"
            )
        return listed

    def to_text(self) -> str:
        """Return all that defines it, for a checkpoint."""
        return json.dumps({"limit": self.limit, "tokenizer": self._backend.to_str()})

    def restore(self, text: str) -> None:
        """Become the tokeniser that `to_text` described.

        Raises:
            PretrainingError: It has another number of tokens, so the model does not fit it.
        """
        stored = json.loads(text)
        backend = Tokenizer.from_str(stored["tokenizer"])
        if backend.get_vocab_size() != self.size:
            raise PretrainingError(
                f"the checkpoint's tokeniser has {backend.get_vocab_size()} tokens, this run's {self.size}: it was "
                "trained on another corpus, fraction or text model; resume with the same, or start a new folder"
            )
        self.limit = stored["limit"]
        self._use(backend)

    def encode(self, sentences: Sequence[str]) -> tuple[list[int], list[int]]:
        """Return the tokens of a report with [CLS] and [SEP], and the sentence of each (-1 for those two)."""
        room = self.limit - 2
        ids: list[int] = []
        owner: list[int] = []
        for number, sentence in enumerate(sentences):
            tokens = self._backend.encode(sentence, add_special_tokens=False).ids[:room] or [self.unknown]
            if len(ids) + len(tokens) > room:
                break
            ids += tokens
            owner += [number] * len(tokens)
        return [self.first, *ids, self.last], [-1, *owner, -1]

    def __call__(self, reports: Sequence[Sequence[str]]) -> ReportTokens:
        """Return the padded tokens of reports, each with at least one sentence."""
        encoded = [self.encode(sentences) for sentences in reports]
        length = max(len(ids) for ids, _ in encoded)
        return ReportTokens(
            ids=torch.tensor([ids + [self.pad] * (length - len(ids)) for ids, _ in encoded]),
            attention_mask=torch.tensor([[1] * len(ids) + [0] * (length - len(ids)) for ids, _ in encoded]),
            sentence=torch.tensor([owner + [-1] * (length - len(owner)) for _, owner in encoded]),
            sentence_count=max(max(owner) for _, owner in encoded) + 1,
        )


def read_vocabulary(folder: Path) -> list[str]:
    """Return the tokens of a BERT model's folder in the order of their numbers.

    Raises:
        SettingsError: Neither `vocab.txt` nor a WordPiece `tokenizer.json` there.
    """
    listed = folder / "vocab.txt"
    if listed.is_file():
        return listed.read_text(encoding="utf-8").rstrip("\n").split("\n")
    packed = folder / "tokenizer.json"
    if packed.is_file():
        model = json.loads(packed.read_text(encoding="utf-8")).get("model", {})
        if isinstance(model.get("vocab"), dict) and model.get("type", "WordPiece") == "WordPiece":
            numbers: dict[str, int] = model["vocab"]
            return sorted(numbers, key=numbers.__getitem__)
        raise SettingsError(f"{packed} is no WordPiece tokeniser; expected a BERT model")
    raise SettingsError(f"text model {folder}: no vocab.txt and no tokenizer.json there")
