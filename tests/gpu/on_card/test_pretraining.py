"""One step of every method on a card."""

from __future__ import annotations

import math
from typing import Any

import pytest

from lovt_bench.submissions.clip import pretrain as clip
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.convirt import pretrain as convirt
from lovt_bench.submissions.lovt import pretrain as lovt
from tests.submissions.common.image_text.conftest import TINY
from tests.submissions.small_runs import fit, small
from tests.submissions.test_image_methods import METHODS
from tests.submissions.tiny_corpus import write_corpus

WITH_TEXT: dict[str, tuple[Any, Any]] = {
    "lovt": (lovt.LoVT, lovt.Settings),
    "clip": (clip.CLIP, clip.Settings),
    "convirt": (convirt.ConVIRT, convirt.Settings),
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "tiny"
    return Corpus(write_corpus(folder, train=4, validation=4, test=0, masks=True))


@pytest.mark.parametrize("name", [*METHODS, *WITH_TEXT])
def test_a_step_is_taken_on_the_card(corpus, tmp_path, name):
    if name in WITH_TEXT:
        kind, settings = WITH_TEXT[name]
        model = kind(settings.model_validate({**TINY, "max_epochs": 1}), corpus, 0)
    else:
        kind, settings, sizes = METHODS[name]
        model = kind(small(settings, **{**sizes, "batch_size": 4, "max_epochs": 1}), corpus, 0)
    result = fit(model, tmp_path, device="cuda")
    assert result.epochs == 1
    assert result.monitored is None or math.isfinite(result.monitored)
    assert (result.made_with.device_kind, result.made_with.precision) == ("cuda", "16-mixed")
    assert result.peak_memory > 0
