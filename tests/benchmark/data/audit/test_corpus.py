"""Hashing a corpus can be cut off anywhere, and any number of processes gives the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lovt_bench.benchmark.data.audit.corpus import hash_corpus
from lovt_bench.benchmark.data.audit.files import Passed, pictures
from lovt_bench.benchmark.data.audit.kept import kept_hashes
from lovt_bench.benchmark.data.corpus import format as corpus_format
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.pool import CHUNK, INLINE


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """More small images than are hashed in this process."""
    root = tmp_path / "corpus"
    root.mkdir()
    rng = np.random.default_rng(1)
    for number in range(INLINE + 12):
        noise = rng.integers(0, 255, (6, 6), dtype=np.uint8)
        Image.fromarray(noise).resize((40, 40), Image.Resampling.BICUBIC).save(root / f"{number}.png")
    return root


def quiet(done: int, total: int) -> None:
    """Show no progress."""


def test_what_was_hashed_before_an_interruption_is_kept(corpus: Path, tmp_path: Path) -> None:
    for path in sorted(corpus.iterdir())[3 * CHUNK :]:
        path.unlink()

    def interrupt(done: int, total: int) -> None:
        assert total == 3 * CHUNK
        if done >= 2 * CHUNK:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), kept_hashes(tmp_path / "kept") as kept:
        hash_corpus(corpus, kept, 1, interrupt)
    with kept_hashes(tmp_path / "kept") as kept:
        known = [kept.get(picture.key) for picture in pictures(corpus, Passed())]
        assert sum(value is not None for value in known) == 2 * CHUNK
        found = hash_corpus(corpus, kept, 1, quiet)
        assert (found.images, found.unreadable) == (3 * CHUNK, 0)
        digest = kept.digest()
    with kept_hashes(tmp_path / "other") as kept:
        hash_corpus(corpus, kept, 1, quiet)
        assert kept.digest() == digest


@pytest.mark.slow
def test_processes_find_what_one_finds(corpus: Path, tmp_path: Path) -> None:
    digests = []
    for workers in (1, 2):
        with kept_hashes(tmp_path / str(workers)) as kept:
            assert hash_corpus(corpus, kept, workers, quiet).images == INLINE + 12
            digests.append(kept.digest())
    assert digests[0] == digests[1]


def test_a_damaged_corpus_and_a_damaged_memory_are_named(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / corpus_format.MANIFEST).write_text("{}")
    with (
        kept_hashes(tmp_path / "kept") as kept,
        pytest.raises(DataError, match=r"corpus\.json does not follow the contract: name"),
    ):
        hash_corpus(tmp_path / "corpus", kept, 1, quiet)
    (path,) = (tmp_path / "kept").iterdir()
    path.write_bytes(b"no database" * 500)
    with pytest.raises(DataError, match="remove it and call again"), kept_hashes(tmp_path / "kept"):
        pass
