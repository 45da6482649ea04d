"""A WordPiece vocabulary for a small text model, from the sentences of a corpus.

The library's own trainer numbers pieces in the order of a randomly seeded hash map: two runs get two
vocabularies. A corpus of reports has few words, so whole words do, and single characters spell the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from lovt_bench.benchmark.contract.analysis_file import SPECIAL
from lovt_bench.submissions.common.errors import PretrainingError


def corpus_vocabulary(sentences: Iterable[str], size: int, *, lower_case: bool = True) -> list[str]:
    """Return special tokens, all characters (alone and within a word), then the most frequent words.

    Depends on nothing but the sentences; equally frequent words are in alphabetical order.

    Args:
        sentences: Those of the training split.
        size: Number of tokens at most; characters are never left out.

    Raises:
        PretrainingError: No words in the sentences.
    """
    normalise, split = BertNormalizer(lowercase=lower_case), BertPreTokenizer()
    words: Counter[str] = Counter()
    for sentence in sentences:
        words.update(word for word, _ in split.pre_tokenize_str(normalise.normalize_str(sentence)))
    if not words:
        raise PretrainingError(
            "text_model=small: the training reports of this corpus have no words; prepare a corpus with reports"
        )
    characters = sorted({character for word in words for character in word})
    tokens = [*SPECIAL, *characters, *(f"##{character}" for character in characters)]
    frequent = sorted((-count, word) for word, count in words.items() if len(word) > 1)
    return tokens + [word for _, word in frequent[: max(0, size - len(tokens))]]
