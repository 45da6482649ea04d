"""Sentence splitters by name. Every other file knows only `Splitter`.

Libraries are imported when a splitter is asked for; one process makes each splitter once.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from lovt_bench.benchmark.data.errors import DataError

DEFAULT_SPLITTER = "spacy"

MODULES = {
    "spacy": "lovt_bench.benchmark.data.corpus.splitter_spacy",
    "stanza": "lovt_bench.benchmark.data.corpus.splitter_stanza",
}
"""Name of a splitter, and the module whose `load()` makes it."""


@dataclass(frozen=True)
class Sentences:
    """Sentences of one text, as they stand there, and the number of its tokens."""

    texts: tuple[str, ...]
    tokens: int


class Splitter(Protocol):
    """Cuts English text into sentences."""

    description: str
    """Library, version and model, for the manifest."""

    def split(self, text: str) -> Sentences:
        """Return the sentences of a text in order, none blank; a blank text has none."""


@cache
def splitter(name: str) -> Splitter:
    """Return a splitter by name.

    Raises:
        DataError: No splitter has this name, or its library or model is not installed.
    """
    if name not in MODULES:
        raise DataError(f"no sentence splitter {name!r}; there are: {', '.join(sorted(MODULES))}")
    made: Splitter = importlib.import_module(MODULES[name]).load()
    return made
