"""Methods of a few channels on a corpus of a few images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lovt_bench.submissions.common.corpus import Corpus
from tests.submissions.tiny_corpus import write_corpus

TINY_ENCODERS: dict[str, Any] = {
    "architecture": "resnet18",
    "initial_weights": "random",
    "image_side": 64,
    "batch_size": 4,
    "accumulate": 1,
    "text_model": "small",
    "small_hidden": 16,
    "small_heads": 2,
    "small_layers": 2,
}
TINY: dict[str, Any] = {
    **TINY_ENCODERS,
    "attention_heads": 2,
    "frozen_layers": 1,
    "projection_hidden": 16,
    "projection_dim": 8,
}
TINY_GLORIA: dict[str, Any] = {**TINY_ENCODERS, "network_side": None, "text_layers": 2}
TINY_MGCA: dict[str, Any] = {
    **TINY_ENCODERS,
    "network_side": None,
    "embedding_hidden": 16,
    "embedding_dim": 8,
    "prototypes": 6,
}


@pytest.fixture(scope="session")
def pairs(tmp_path_factory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("pairs") / "tiny")


@pytest.fixture(scope="session")
def corpus(pairs: Path) -> Corpus:
    return Corpus(pairs)
