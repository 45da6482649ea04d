"""One step of every method on a card."""

from __future__ import annotations

import math

import pytest

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.module import PretrainingModule
from tests.submissions.small_runs import fit, small
from tests.submissions.test_image_methods import METHODS
from tests.submissions.test_text_methods import METHODS as WITH_TEXT
from tests.submissions.tiny_corpus import write_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "tiny"
    return Corpus(write_corpus(folder, train=4, validation=4, test=0, masks=True))


@pytest.mark.parametrize("name", [*METHODS, *WITH_TEXT])
def test_a_step_is_taken_on_the_card(corpus, tmp_path, name):
    model: PretrainingModule
    if name in WITH_TEXT:
        with_text, text_settings, sizes = WITH_TEXT[name]
        values = {**sizes, "max_epochs": 1, "precision": "auto"}
        model = with_text(text_settings.model_validate(values), corpus, 0)
    else:
        kind, settings, sizes = METHODS[name]
        model = kind(small(settings, **{**sizes, "batch_size": 4, "max_epochs": 1}), corpus, 0)
    result = fit(model, tmp_path, device="cuda")
    assert result.epochs == 1
    assert result.monitored is None or math.isfinite(result.monitored)
    assert (result.made_with.device_kind, result.made_with.precision) == ("cuda", "16-mixed")
    assert result.peak_memory > 0
