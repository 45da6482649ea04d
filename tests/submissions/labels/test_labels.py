"""Classification of any labels: the weighted loss, which labels are learnt, and which tables are refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.contract.exit_codes import ExitCode
from lovt_bench.submissions import labels as package
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import command
from lovt_bench.submissions.common.errors import PretrainingError, SettingsError
from lovt_bench.submissions.labels.pretrain import Labels, Settings
from tests.submissions.small_runs import small
from tests.submissions.tiny_corpus import write_corpus

EDEMA = 1


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(write_corpus(tmp_path / "corpus", train=9))


def values(corpus: Corpus, column: int, wanted: float) -> None:
    corpus._labels[:, column] = wanted


def test_a_positive_weighs_as_many_negatives_as_there_are_for_it(corpus: Corpus):
    values(corpus, EDEMA, 0)
    corpus._labels[0, EDEMA] = 1
    rows = [corpus.study_of(int(image)) for image in corpus.images("train")]
    table = corpus._labels[rows]
    model = Labels(small(Settings, labels=["Pleural Effusion", "Edema"]), corpus, 0).eval()
    model.log = lambda *_, **__: None  # type: ignore[method-assign]
    chosen = table[:3][:, [4, EDEMA]]
    views = torch.randint(0, 256, (3, 1, 32, 32), dtype=torch.uint8)
    chances = model.logits(views).double().sigmoid().tolist()
    expected = []
    for line, found in zip(chosen.tolist(), chances, strict=True):
        for column, label, p in zip([4, EDEMA], line, found, strict=True):
            positives = sum(table[:, column])
            weight = min((len(table) - positives) / positives, 20)
            expected.append(-weight * math.log(p) if label else -math.log(1 - p))
    loss = model.training_step((views, torch.from_numpy(chosen)), 0)
    assert loss.item() == pytest.approx(sum(expected) / len(expected), rel=1e-4)
    even = Labels(small(Settings, labels=["Edema"], positive_weight="none"), corpus, 0)
    logits = torch.zeros(2, 1)
    assert even.loss(logits, torch.tensor([[1.0], [0.0]])).item() == pytest.approx(math.log(2))


def test_a_view_has_the_labels_that_are_learnt_in_their_order(corpus: Corpus):
    model = Labels(small(Settings, labels=["Pleural Effusion", "Edema"]), corpus, 0)
    assert model.classify.out_features == 2
    from lovt_bench.submissions.common.sampling import Sample

    sample = Sample(np.zeros((40, 30), np.uint8), (), np.arange(5, dtype=np.float32))
    for transform in (model.training_transform(), model.validation_transform()):
        assert transform(sample)[1].tolist() == [4, 1]


def test_a_label_with_one_value_is_not_learnt_and_the_backbone_says_so(corpus: Corpus):
    values(corpus, EDEMA, 1)
    model = Labels(small(Settings), corpus, 0)
    assert EDEMA not in model.labels
    assert model.notes[-1] == "not learnt, one value in training: Edema"


def test_tables_that_teach_nothing_are_refused(corpus: Corpus):
    values(corpus, EDEMA, 0)
    with pytest.raises(PretrainingError, match="Edema: one value in all"):
        Labels(small(Settings, labels=["Edema"]), corpus, 0)
    corpus._labels[0, EDEMA] = np.nan
    with pytest.raises(PretrainingError, match="label Edema is neither 0 nor 1 for 1 of"):
        Labels(small(Settings), corpus, 0)
    values(corpus, EDEMA, 2)
    with pytest.raises(PretrainingError, match="neither 0 nor 1"):
        Labels(small(Settings), corpus, 0)
    for column in range(5):
        values(corpus, column, 0)
    with pytest.raises(PretrainingError, match="one value in all"):
        Labels(small(Settings), corpus, 0)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["Oedema"], "'Oedema' is not in the table (did you mean Edema?); there: Cardiomegaly, Edema"),
        (["Edema", "Edema"], "'Edema' is named twice"),
    ],
)
def test_a_column_that_is_not_there_is_named(corpus: Corpus, wanted: list[str], said: str):
    with pytest.raises(SettingsError) as refused:
        Labels(small(Settings, labels=wanted), corpus, 0)
    assert said in str(refused.value)


def test_a_corpus_without_a_label_table_is_refused(tmp_path: Path):
    from click.testing import CliRunner

    corpus = write_corpus(tmp_path / "bare", labels=False)
    arguments = ["--input", str(corpus), "--output", str(tmp_path / "out"), "--profile", "demo"]
    result = CliRunner().invoke(command(Labels, Settings, Path(package.__path__[0])), arguments)
    assert result.exit_code == ExitCode.BAD_DATA
    assert "labels learns from labels, the corpus bare has none; prepare one with --labels" in result.output
