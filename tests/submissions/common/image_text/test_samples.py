"""What a step gets of a study."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from lovt_bench.submissions.common.augment.crop import crop_view
from lovt_bench.submissions.common.augment.padded_crop import padded_crop_view
from lovt_bench.submissions.common.augment.report_pair import training_view
from lovt_bench.submissions.common.errors import PretrainingError
from lovt_bench.submissions.common.image_text.samples import PairCollate, TrainingPair, ValidationPair
from lovt_bench.submissions.common.sampling import Sample
from lovt_bench.submissions.common.text.tokeniser import ReportTokeniser

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "c"]
SAMPLE = Sample(
    np.arange(70 * 50, dtype=np.uint32).astype(np.uint8).reshape(70, 50),
    ("a", "b b", "c"),
    np.array([0, 1], np.float32),
)


def test_validation_shows_all_sentences_in_order_and_draws_nothing():
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    pair = ValidationPair(32)(SAMPLE)
    assert pair.sentences == ["a", "b b", "c"]
    assert (pair.image.shape, pair.image.dtype) == ((1, 32, 32), torch.uint8)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(("choice", "count"), [("swaps", 3), ("one", 1), ("all", 3)])
def test_training_shows_a_view_and_the_sentences_of_the_method(choice, count):
    torch.manual_seed(0)
    pair = TrainingPair(32, choice, 0.6)(SAMPLE)
    assert len(pair.sentences) == count
    assert (pair.image.shape, pair.image.dtype) == ((1, 32, 32), torch.uint8)


@pytest.mark.parametrize(
    ("views", "own"), [("published", training_view), ("crop", crop_view), ("padded_crop", padded_crop_view)]
)
def test_views_are_those_of_the_setting(views, own):
    torch.manual_seed(0)
    pair = TrainingPair(32, "all", 0.6, views)(SAMPLE)
    torch.manual_seed(0)
    assert torch.equal(pair.image, own(SAMPLE.image, 32))


def test_a_batch_is_made_in_another_process():
    collate = pickle.loads(pickle.dumps(PairCollate(ReportTokeniser(VOCABULARY))))
    transform = pickle.loads(pickle.dumps(TrainingPair(32, "one", 0.6)))
    torch.manual_seed(1)
    batch = collate([transform(SAMPLE), ValidationPair(32)(SAMPLE)])
    assert batch.images.shape == (2, 1, 32, 32)
    assert batch.labels.tolist() == [[0, 1], [0, 1]]
    assert batch.reports.ids[1].tolist() == [2, 4, 5, 5, 6, 3]
    assert batch.reports.sentence_count == 3


def test_a_study_without_a_report_is_named():
    with pytest.raises(PretrainingError, match="has no sentences"):
        ValidationPair(32)(Sample(SAMPLE.image, (), SAMPLE.labels))
