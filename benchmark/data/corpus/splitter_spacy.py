"""Sentences by spaCy's English tokenizer and rule-based sentencizer: no model, no download.

Three habits of radiology reports are taught to it (docs/decisions/006-sentence-splitter.md): abbreviations, numbers of
a list, and a question mark in front of a word (`?early edema`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lovt_bench.benchmark.data.corpus.splitters import Sentences

ABBREVIATIONS = ("approx.", "decr.", "incr.", "resp.", "prev.", "poss.", "prob.")
"""Words whose full stop ends no sentence, beside those that spaCy knows (`Dr.`, `vs.`, `p.m.`)."""

LIST_NUMBER = re.compile(r"\(?\d{1,2}[.)]\)?")
"""`1.` or `1)` alone is the number of the sentence that follows."""

QUESTIONED = re.compile(r"\?(?=\w)")
"""A question mark with a word right behind it belongs to that word."""


@dataclass(frozen=True)
class SpacySplitter:
    """spaCy's blank English pipeline with a sentencizer."""

    pipeline: Any
    description: str

    def split(self, text: str) -> Sentences:
        document = self.pipeline(text)
        tokens = sum(not token.is_space and not _goes_on(text, token.idx) for token in document)
        return Sentences(tuple(_joined(text, list(self._starts(document, text)))), tokens)

    def _starts(self, document: Any, text: str) -> Iterator[int]:
        """Yield the characters at which sentences start."""
        for sentence in document.sents:
            before = text[: sentence.start_char].rstrip("?")
            word_follows = QUESTIONED.match(text, sentence.start_char - 1) is not None
            if sentence.start_char == 0 or not (word_follows and before):
                yield sentence.start_char


def _goes_on(text: str, at: int) -> bool:
    """Say whether the character is an underscore after another: `___`, which hides a name, is one token."""
    return text[max(at - 1, 0) : at + 1] == "__"


def _joined(text: str, starts: list[int]) -> Iterator[str]:
    """Yield the pieces between starts, blank ones left out, numbers of a list put before what they number."""
    begin = 0
    for end in [*starts[1:], len(text)]:
        piece = text[begin:end].strip()
        if LIST_NUMBER.fullmatch(piece) and end < len(text):
            continue
        if piece:
            yield piece
        begin = end


def load() -> SpacySplitter:
    """Return the splitter."""
    import spacy
    from spacy.symbols import ORTH

    pipeline: Any = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    pipeline.max_length = 1_000_000_000  # the limit is meant for parsers
    for word in ABBREVIATIONS:
        for form in (word, word.capitalize()):
            pipeline.tokenizer.add_special_case(form, [{ORTH: form}])
    return SpacySplitter(
        pipeline, f"spacy {spacy.__version__}, blank English with sentencizer and radiology rules"
    )
