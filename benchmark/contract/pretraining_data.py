"""The vocabulary of pre-training data: which dataset a declaration means, and what it could have meant.

A declaration is a name of the vocabulary, `none` (weights that have seen no data), or `other: TEXT`. Free text of
earlier files is matched by the same aliases; what matches nothing is kept as `other: TEXT` and counts as unknown.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.strict_yaml import read_yaml
from lovt_bench.benchmark.contract.untrusted import clean_text

VOCABULARY_FILE = Path(__file__).resolve().with_name("pretraining_data.yaml")
NONE = "none"
"""Declares that the weights have seen no data."""
OTHER = "other:"
"""Begins a declaration of what the vocabulary does not hold."""
TEXT_LIMIT = 80
"""Characters of a declaration."""

DataKind = Literal["chest", "medical", "general", "text", "synthetic"]


class UnknownDataError(ValueError):
    """A declaration that the vocabulary does not hold; the message offers the near misses."""


class KnownData(Model):
    """One dataset of the vocabulary."""

    title: str
    kind: DataKind
    aliases: list[str] = []
    source: str
    """Where it is described: an address, or a page of these docs."""


@dataclass(frozen=True)
class Vocabulary:
    """Datasets by name, and every way to write one."""

    datasets: Mapping[str, KnownData]
    spellings: Mapping[str, str]
    """Reduced spelling (`_reduced`) to name."""

    def find(self, text: str) -> str | None:
        """Return the name that a text means, None where the vocabulary does not hold it."""
        return self.spellings.get(_reduced(text))

    def near(self, text: str, count: int = 3) -> list[str]:
        """Return the names whose spellings are nearest to a text, nearest first."""
        wanted = _reduced(text[:TEXT_LIMIT])
        close = difflib.get_close_matches(wanted, self.spellings, n=4 * count, cutoff=0.75)
        within = [key for key in self.spellings if len(key) > 3 and len(wanted) > 3 and key in wanted]
        return list(dict.fromkeys(self.spellings[key] for key in [*close, *within]))[:count]

    def declare(self, text: str) -> str:
        """Return a declaration in its one form: a name, or `other: TEXT`.

        Raises:
            UnknownDataError: Neither; the message names the near misses.
        """
        if _is_other(text):
            rest = _one_line(text.partition(":")[2])
            if not rest:
                raise UnknownDataError(
                    "`other:` is followed by what the data are, for example other: our hospital"
                )
            return f"{OTHER} {rest}"
        if (name := self.find(text)) is not None:
            return name
        near = self.near(text)
        hint = f"did you mean {' or '.join(near)}? Else write" if near else "write"
        shown = _one_line(text)
        raise UnknownDataError(
            f"pre-training data {shown!r} are not in the vocabulary: {hint} 'other: {shown}'; "
            "`lovt-bench submission data` lists the names"
        )

    def declare_all(self, texts: Iterable[str]) -> list[str]:
        """Return declarations in their one form, each once.

        Raises:
            UnknownDataError: One is not in the vocabulary, or `none` stands beside others.
        """
        names = list(dict.fromkeys(self.declare(text) for text in texts))
        if NONE in names and len(names) > 1:
            others = ", ".join(name for name in names if name != NONE)
            raise UnknownDataError(
                f"`none` says that the weights have seen no data, yet {others} are declared too"
            )
        return names

    def read(self, texts: Iterable[str]) -> list[str]:
        """Return declarations of an earlier file in their one form; what is not understood is `other: TEXT`."""
        names: list[str] = []
        for text in texts:
            try:
                names.append(self.declare(text))
            except UnknownDataError:
                names.append(f"{OTHER} {_one_line(text) or '?'}")
        kept = list(dict.fromkeys(names))
        return [name for name in kept if name != NONE] or kept

    def title(self, name: str) -> str:
        """Return what pages show for a declaration in its one form."""
        return self.datasets[name].title if name in self.datasets else name.removeprefix(OTHER).strip()


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary. Raises ValueError where its file gives one spelling to two datasets."""
    datasets = {name: KnownData.model_validate(fields) for name, fields in read_yaml(VOCABULARY_FILE).items()}
    spellings: dict[str, str] = {}
    for name, data in datasets.items():
        for text in (name, data.title, *data.aliases):
            if spellings.setdefault(_reduced(text), name) != name:
                raise ValueError(
                    f"{VOCABULARY_FILE.name}: {text!r} means {name} and {spellings[_reduced(text)]}"
                )
    return Vocabulary(datasets, spellings)


def _one_line(text: str) -> str:
    return " ".join(clean_text(text, TEXT_LIMIT).split())


def _is_other(text: str) -> bool:
    return text.strip().casefold().startswith(OTHER)


def _reduced(text: str) -> str:
    """Return letters and digits only, without case; a trailing `dataset` or `data set` does not matter."""
    plain = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())
    return re.sub(r"(?<=.)(dataset|database)$", "", plain)
