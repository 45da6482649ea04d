"""Sentences by Stanza's English tokenizer, as the reference had them (datasets.md section 7.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lovt_bench.benchmark.data.corpus.splitters import Sentences
from lovt_bench.benchmark.data.errors import DataError


@dataclass(frozen=True)
class StanzaSplitter:
    """Stanza's default English tokenizer."""

    pipeline: Any
    description: str

    def split(self, text: str) -> Sentences:
        if not text.strip():
            return Sentences((), 0)
        found = self.pipeline(text).sentences
        texts = tuple(sentence.text for sentence in found if sentence.text.strip())
        return Sentences(texts, sum(len(sentence.tokens) for sentence in found))


def load() -> StanzaSplitter:
    """Return the splitter.

    Raises:
        DataError: Stanza or its English model is not installed; the message says how to get them.
    """
    try:
        import stanza
    except ImportError as error:
        raise DataError(
            f"the splitter `stanza` needs the package stanza ({error}): pip install stanza, then once with network: "
            "python -c \"import stanza; stanza.download('en', processors='tokenize')\". "
            "Without it leave --splitter out: spacy needs no download"
        ) from error
    try:
        pipeline = stanza.Pipeline(
            "en", processors="tokenize", download_method=None, verbose=False, use_gpu=False
        )
    except Exception as error:  # Stanza raises several kinds for a model that is not there
        raise DataError(
            f"Stanza finds no English tokenizer ({error}); get it once with network: "
            "python -c \"import stanza; stanza.download('en', processors='tokenize')\""
        ) from error
    return StanzaSplitter(pipeline, f"stanza {stanza.__version__}, default English tokenizer")
