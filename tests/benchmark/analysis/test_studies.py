"""What figures see of single studies is what the method itself computes of their batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.analysis.features import open_features
from lovt_bench.benchmark.analysis.studies import first_studies
from tests.benchmark.analysis.tiny_method import asked, built, exported
from tests.submissions.tiny_corpus import write_corpus

TEST = 6


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpora") / "tiny", test=TEST)


@pytest.mark.parametrize("name", ["lovt", "clip", "convirt"])
def test_features_are_those_of_the_method_itself(name, corpus, tmp_path):
    module: Any = built(name, corpus)
    exported(module, name, tmp_path)
    question = asked(name, corpus, tmp_path)
    found = list(first_studies(question, TEST))
    assert tuple(each.sentences for each in found) == question.reports
    assert len({len(each.sentences) for each in found}) > 2
    # Regions as they were extracted: how pixels are resized is the extraction's own business.
    regions = open_features(question).batch(0).regions.float()
    with torch.no_grad():
        report = module.encode_reports(module.tokeniser([each.sentences for each in found]))
        if name == "lovt":
            pooled, weights = module.image_pooling(regions)
            zl_a = module.alignment.image_local_head(regions)
            zl_b = module.alignment.report_local_head(report.sentences, report.mask)
            attended = module.alignment.cross_attention(zl_a, zl_b, report.mask)
            heads = module.alignment.image_global_head, module.alignment.report_global_head
        else:
            pooled, weights = regions.mean(1), None
            if name == "clip":
                pooled, weights = module.image_pooling(regions)
            heads = module.image_head, module.report_head
        zg_a, zg_b = heads[0](pooled), heads[1](report.pooled)
    for row, (study, count) in enumerate(zip(found, report.mask.sum(1).tolist(), strict=True)):
        expected = {
            "yg_a": pooled[row],
            "yl_b": report.sentences[row, :count],
            "yg_b": report.pooled[row],
            "zg_a": zg_a[row],
            "zg_b": zg_b[row],
            "weights_a": None if weights is None else weights[row],
            "zl_a": zl_a[row] if name == "lovt" else None,
            "zl_b": zl_b[row, :count] if name == "lovt" else None,
            "zl_b2a": attended.regions[row] if name == "lovt" else None,
            "zl_a2b": attended.sentences[row, :count] if name == "lovt" else None,
            "attention_b": attended.sentence_probabilities[row, :count] if name == "lovt" else None,
        }
        for field, values in expected.items():
            if values is None:
                assert getattr(study, field) is None, field
            else:
                np.testing.assert_allclose(getattr(study, field), values, rtol=1e-4, atol=1e-5, err_msg=field)
