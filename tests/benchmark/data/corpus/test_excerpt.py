"""An excerpt is a corpus by the checks of corpora, and its images are those of the source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.data.corpus.excerpt import write_excerpt
from lovt_bench.benchmark.data.corpus.verify import verify_corpus
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.submissions.common.corpus import Corpus
from tests.submissions.tiny_corpus import write_corpus

COUNTS: dict[SplitName, int] = {"train": 5, "validation": 2, "test": 1}


@pytest.mark.parametrize(("labels", "validation"), [(True, 8), (False, 8), (True, 0)])
def test_it_is_a_corpus_of_the_first_studies(tmp_path: Path, labels: bool, validation: int):
    source = write_corpus(tmp_path / "source", train=30, validation=validation, labels=labels)
    (tmp_path / "small").mkdir()
    manifest = write_excerpt(source, tmp_path / "small", COUNTS)
    assert verify_corpus(tmp_path / "small") == []
    whole, small = Corpus(source), Corpus(tmp_path / "small")
    assert manifest.identity() == small.manifest.identity() != whole.manifest.identity()
    assert manifest.display_name == whole.manifest.display_name
    assert 5 <= len(small.studies("train")) <= 15
    assert bool(len(small.studies("validation"))) is bool(validation)
    for image in small.images("train")[:6]:
        assert np.array_equal(small.image(image), whole.image(image))
        study = small.study_of(image)
        assert small.sentences(study) == whole.sentences(study)
        assert np.array_equal(small.labels(study), whole.labels(study))
    if labels:
        for split in ("train", "validation") if validation else ("train",):
            values, there = (
                np.stack([corpus.labels(int(study)) for study in corpus.studies(split)])
                for corpus in (small, whole)
            )
            assert np.array_equal(values.min(0), there.min(0)), "a negative of each label that has one"
            assert np.array_equal(values.max(0), there.max(0)), "a positive likewise"


def test_a_damaged_corpus_is_said_to_be_one(tmp_path: Path):
    source = write_corpus(tmp_path / "source", train=8)
    np.save(source / "pixels.npy", np.zeros(10, np.uint8))
    (tmp_path / "small").mkdir()
    with pytest.raises(DataError, match="points beyond the end of"):
        write_excerpt(source, tmp_path / "small", COUNTS)
    (source / "studies.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="corpus verify"):
        write_excerpt(source, tmp_path / "small", COUNTS)
