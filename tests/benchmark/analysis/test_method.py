"""A method is made again from its file, and from the folder of its text model for what it did not train."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open

from lovt_bench.benchmark.analysis.analyse import report_of
from lovt_bench.benchmark.analysis.studies import first_studies
from lovt_bench.benchmark.analysis.text_model import TEXT_MODEL
from lovt_bench.benchmark.contract.analysis_file import ANALYSIS_FILE
from lovt_bench.submissions.common.text.vocabulary import corpus_vocabulary
from tests.benchmark.analysis import plain
from tests.benchmark.analysis.tiny_method import asked, built, exported
from tests.submissions.tiny_corpus import write_corpus

TEST = 6


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpora") / "tiny", test=TEST)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, corpus):
    """LoVT from a text model of two layers, of which it trained the second; ConVIRT from a small one of its own."""
    root = tmp_path_factory.mktemp("workspace")
    small = built("lovt", corpus)
    for name, seed in (("bert", 0), ("other", 1)):
        torch.manual_seed(seed)
        for weight in small.text.bert.parameters():
            torch.nn.init.normal_(weight, std=0.2)
        small.text.bert.save_pretrained(root / name)
        tokens = corpus_vocabulary(small.corpus.training_sentences(), 4096)
        (root / name / "vocab.txt").write_text("\n".join(tokens))
    exported(built("lovt", corpus, text_model=str(root / "bert")), "lovt", root)
    exported(built("convirt", corpus), "convirt", root)
    return root


def test_what_was_not_trained_is_not_in_the_file(workspace, corpus, monkeypatch):
    with safe_open(workspace / "backbones" / "lovt" / ANALYSIS_FILE, framework="pt") as file:
        names = [name for name in file.keys() if name.startswith("text.")]  # noqa: SIM118
    assert names
    assert all(name.startswith("text.bert.encoder.layer.1.") for name in names)
    monkeypatch.setenv(TEXT_MODEL, str(workspace / "bert"))
    found = next(first_studies(asked("lovt", corpus, workspace), 1))
    module = built("lovt", corpus, text_model=str(workspace / "bert"))
    with torch.no_grad():
        expected = module.encode_reports(module.tokeniser([found.sentences])).sentences[0]
    assert found.yl_b is not None
    np.testing.assert_allclose(found.yl_b, expected, rtol=1e-4, atol=1e-5)


def test_without_its_text_model_a_method_is_measured_on_images(workspace, corpus, monkeypatch):
    monkeypatch.delenv(TEXT_MODEL, raising=False)
    question = asked("lovt", corpus, workspace)
    report, _ = report_of(question)
    assert report.method is not None
    assert set(report.method.global_spaces) == {"yg_a", "zg_a", "zl_a_avg"}
    assert (report.method.text_model, set(report.method.local_spaces)) == (None, {"zl_a"})
    [lacking] = report.needs_text
    assert lacking.startswith("reports (yl_b, yg_b); zg_b, zg_a;zg_b; zl_b, ")
    assert (
        f"the text model bert, of which the method trained a part only, is not here: {TEXT_MODEL} is not set"
        in lacking
    )
    [study] = first_studies(asked("lovt", corpus, workspace), 1)
    assert study.zl_a is not None
    assert study.yl_b is None
    monkeypatch.setenv(TEXT_MODEL, str(workspace / "bert"))
    assert asked("lovt", corpus, workspace).key != question.key
    monkeypatch.setenv(TEXT_MODEL, str(workspace / "nowhere"))
    assert question.studies is not None
    silent = replace(question, studies=replace(question.studies, reports=()))
    assert "tiny has no reports" in report_of(replace(silent, most_images=5))[0].needs_text[0]


def test_a_text_model_that_is_not_where_it_should_be_or_another_is_said(workspace, corpus, monkeypatch):
    def said() -> str:
        with pytest.raises(ValueError, match="text model") as error:
            report_of(asked("lovt", corpus, workspace))
        return str(error.value)

    monkeypatch.setenv(TEXT_MODEL, str(workspace / "nowhere"))
    assert "nowhere is no folder; set" in said()
    monkeypatch.setenv(TEXT_MODEL, str(workspace / "other"))
    assert "the folder other holds another text model than bert, which lovt started from" in said()
    (workspace / "empty").mkdir()
    monkeypatch.setenv(TEXT_MODEL, str(workspace / "empty"))
    assert "no config.json there" in said()


def test_a_report_holds_what_the_method_has_and_names_the_rest(workspace, corpus):
    question = asked("convirt", corpus, workspace)
    report, _ = report_of(question)
    again, was_there = report_of(asked("convirt", corpus, workspace))
    assert was_there
    assert again == report
    assert report.method is not None
    assert set(report.method.global_spaces) == {"yg_a", "yg_b", "zg_a", "zg_b"}
    assert set(report.method.local_spaces) == {"yl_b"}
    assert (report.method.text_model, report.method.learnt_weights) == ("small", False)
    [lacking] = report.needs_text
    assert "modality assignment" in lacking
    assert "means weighted" in lacking
    assert "zg_a" not in lacking
    reports = np.array([each.zg_b for each in first_studies(question, TEST)], np.float64)
    expected = plain.global_metrics(reports, 32, False)
    found = report.method.global_spaces["zg_b"].model_dump()
    assert expected == pytest.approx({name: found[name] for name in expected}, rel=1e-5)


def test_without_reports_or_a_file_each_is_named(workspace, corpus):
    question = asked("convirt", corpus, workspace)
    assert question.studies is not None
    silent = replace(question, studies=replace(question.studies, reports=()))
    report, _ = report_of(silent)
    assert report.method is not None
    assert set(report.method.global_spaces) == {"yg_a", "zg_a"}
    assert "reports (yl_b, yg_b); zg_b, zg_a;zg_b: tiny has no reports" in report.needs_text[1]
    plainly = replace(question, file=None)
    report, _ = report_of(plainly)
    assert report.method is None
    assert "beside convirt lies no analysis.safetensors" in report.needs_text[0]
    assert not report.shallower
    report, _ = report_of(replace(question, level="c4"))
    assert "the method takes the deepest level only" in report.needs_text[0]
    assert report.shallower
    assert len({each.path for each in (question, silent, plainly)}) == 3


def test_a_damaged_file_is_another_question_or_refused(workspace, corpus, tmp_path):
    shutil.copytree(workspace / "backbones", tmp_path / "backbones")
    path = tmp_path / "backbones" / "convirt" / ANALYSIS_FILE
    shutil.copy(tmp_path / "backbones" / "lovt" / ANALYSIS_FILE, path)
    with pytest.raises(ValueError, match="is of the method lovt"):
        asked("convirt", corpus, tmp_path)
