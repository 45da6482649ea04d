"""From a backbone and images to a report: the numbers are those of the features, and what has no answer is said."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.analysis import embeddings
from lovt_bench.benchmark.analysis.analyse import report_of
from lovt_bench.benchmark.analysis.question import Question
from lovt_bench.benchmark.backbone.model import BATCH, Backbone
from lovt_bench.benchmark.contract.dataset import PixelStatistics, SplitName
from lovt_bench.benchmark.contract.declared_facts import IMAGENET
from lovt_bench.benchmark.contract.embedding_report import AnalysisSettings, EmbeddingReport
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.inputs.sources import Images, frozen_features
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.analysis import plain
from tests.benchmark.data.small_store import write_store
from tests.benchmark.engine.world import TINY, TinyBackbone, TinySource, TokenSource, tiny_store

CPU = torch.device("cpu")
SIDE = 64
TEST = BATCH + 3
"""Images of the test split: a batch, and a few more."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return _store(tmp_path_factory.mktemp("stores") / "rsna", TEST)


def _store(root, test):
    pixels = np.random.default_rng(0).integers(0, 255, (4 + test, 224, 224), dtype=np.uint8)
    pixels = np.sort(pixels, axis=1)  # so that regions differ
    split_of: list[SplitName] = ["train", "train", "train", "validation"]
    split_of += ["test" for _ in range(test)]
    return write_store(root, images=pixels, split_of=split_of)


@pytest.fixture
def question(store, tmp_path):
    return Question(
        source=TinySource(),
        kind="dataset",
        dataset_sha256=store.manifest.identity(),
        store=store,
        side=SIDE,
        half=False,
        device=CPU,
        workspace=tmp_path,
        seed=0,
        protocol="lovt-2022",
    )


def features(store, train_mode=False, statistics=None, stride=32, declared=None) -> np.ndarray:
    """Return (n, c, h, w) of the test split, as a backbone gives them that is called in batches of 32."""
    backbone = TinySource().load(0)
    scaled = embeddings_of_images(store)
    images = Images(scaled, statistics or store.manifest.pixel_statistics, CPU, declared=declared)
    found = []
    for batch in torch.arange(len(scaled)).split(BATCH):
        if train_mode:
            with torch.no_grad():
                found.append(backbone.train()(images.image(batch))[stride])
        else:
            found.append(frozen_features(backbone, images.image(batch))[stride])
    return torch.cat(found).double().numpy()


def embeddings_of_images(store) -> np.ndarray:
    small = torch.nn.functional.interpolate(
        torch.from_numpy(np.array(store.images[store.rows("test")]))[:, None].float(),
        (SIDE, SIDE),
        mode="bilinear",
        antialias=True,
    )
    return small.round().clamp(0, 255).to(torch.uint8)[:, 0].numpy()


def expected_of(levels: np.ndarray, self_pairs=False) -> tuple[dict[str, float], dict[str, float]]:
    bags = [level.reshape(len(level), -1).T for level in levels]
    means = np.array([bag.mean(axis=0) for bag in bags])
    return (
        plain.local_metrics(bags, BATCH, self_pairs),
        plain.global_metrics(means, BATCH, self_pairs),
    )


def assert_is(report: EmbeddingReport, levels: np.ndarray, self_pairs=False) -> None:
    local, whole = expected_of(levels, self_pairs)
    found = report.local_space.model_dump()
    for name, value in local.items():
        of, std = name.removesuffix("__std"), name.endswith("__std")
        one = found[of]["std" if std else "mean"] if isinstance(found[of], dict) else found[of]
        assert one == pytest.approx(value, rel=1e-5), name
    for name, value in whole.items():
        assert getattr(report.global_space, name) == pytest.approx(value, rel=1e-5), name


def test_a_report_holds_the_metrics_of_the_features(question):
    report, was_there = report_of(question)
    assert not was_there
    assert_is(report, features(question.store))
    assert (report.images, report.level.name, report.local_space.positions) == (TEST, "c5", 4)
    assert report.feature_library == f"torch {torch.__version__}"
    assert EmbeddingReport.model_validate_json(question.path.read_bytes()) == report
    assert question.path.is_relative_to(
        question.workspace / "results" / "phantom" / "tiny" / "analysis" / "rsna"
    )


def test_the_quirks_of_the_reference_are_what_they_say(question):
    half = PixelStatistics(mean=0.5, std=0.5)
    plain_report, _ = report_of(question)
    for settings, expected in (
        (AnalysisSettings(self_pairs=True), features(question.store)),
        (AnalysisSettings(train_mode=True), features(question.store, train_mode=True)),
        (AnalysisSettings(pixel_statistics=half), features(question.store, statistics=half)),
    ):
        report, was_there = report_of(replace(question, settings=settings))
        assert not was_there
        assert_is(report, expected, settings.self_pairs)
        assert report.local_space != plain_report.local_space
        assert report.backbone_sha256 == plain_report.backbone_sha256


def test_images_are_normalised_as_the_backbone_declares_where_the_protocol_has_it_so(question):
    source = TinySource(normalisation=IMAGENET)
    declared, plain_one = (
        report_of(replace(question, source=source, other=TinySource(), declared=each))[0]
        for each in (True, False)
    )
    assert_is(declared, features(question.store, declared=IMAGENET))
    assert_is(plain_one, features(question.store))
    assert (declared.normalisation, plain_one.normalisation) == (IMAGENET, None)
    assert declared.comparison is not None
    assert declared.comparison.normalisation is None, "the other backbone declares nothing"
    half = AnalysisSettings(pixel_statistics=PixelStatistics(mean=0.5, std=0.5))
    asked, _ = report_of(replace(question, source=source, declared=True, settings=half))
    assert_is(asked, features(question.store, statistics=half.pixel_statistics))
    assert asked.normalisation is None


def test_a_backbone_that_was_evaluated_is_analysed_without_another_forward_pass(tmp_path):
    """Under the protocol of 448 pixels and declared normalisation: the features are those of `evaluate`."""
    rules, source = load_protocol("lovt-2026-448"), TinySource(normalisation=IMAGENET)
    store = tiny_store(tmp_path, "covid-rural", protocol=rules.name)
    evaluate(
        Evaluation(
            source=source, specs=[load_task("covid_linear")], stores={"covid-rural": store}, protocol=rules,
            profile=TINY.model_copy(update={"max_runs": 1}), workspace=tmp_path, device=CPU,
        )
    )  # fmt: skip
    loads, half = source.loads, rules.optimisation.frozen_feature_precision == "float16"
    question = Question(
        source=source, kind="dataset", dataset_sha256=store.manifest.identity(), store=store, side=128, half=half,
        device=CPU, workspace=tmp_path, seed=0, protocol=rules.name, declared=True,
        most_images=TINY.max_test_images,
    )  # fmt: skip
    report, _ = report_of(question)
    assert (source.loads, report.image_side, report.images) == (loads, 128, 5)
    report_of(replace(question, declared=False))
    assert source.loads == loads + 1


def test_a_report_that_is_there_is_not_made_again(question):
    first, _ = report_of(question)
    loads = question.source.loads
    again, was_there = report_of(question)
    assert (again, was_there, question.source.loads) == (first, True, loads)


@pytest.mark.parametrize("content", ["", "{}", "other"])
def test_a_report_that_is_none_is_made_again(question, content, caplog):
    first, _ = report_of(question)
    other = json.loads(question.path.read_text()) | {"key": "0" * 64}
    question.path.write_text(json.dumps(other) if content == "other" else content)
    again, was_there = report_of(question)
    assert not was_there
    assert again.local_space == first.local_space
    assert "made again" in caplog.text
    assert EmbeddingReport.model_validate_json(question.path.read_bytes()) == again


def test_what_was_cut_off_goes_on_with_the_features_that_are_there(question):
    done = 0

    def cut(images: int) -> None:
        nonlocal done
        done += images
        if done > TEST:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report_of(question, cut)
    assert not question.path.exists()
    assert question.source.loads == 1
    report, _ = report_of(question)
    assert question.source.loads == 1
    assert_is(report, features(question.store))


def test_another_draw_level_or_number_of_images_is_another_report(question):
    drawn = replace(question, source=TinySource(drawn_per_run=True))
    others = [
        question,
        replace(question, level="c4"),
        replace(question, most_images=5),
        replace(question, half=True),
        replace(question, protocol="lovt-2026"),
        replace(question, other=TinySource()),
        drawn,
        replace(drawn, seed=1),
    ]
    assert len({each.path for each in others}) == len(others)
    assert replace(question, seed=1).path == question.path
    report, _ = report_of(replace(question, level="c4", most_images=5))
    assert (report.images, report.level.stride, report.local_space.positions) == (5, 16, 16)
    assert_is(report, features(question.store, stride=16)[:5])


def test_a_backbone_against_itself_and_another(question):
    report, _ = report_of(replace(question, other=TinySource()))
    same = report.comparison
    assert same is not None
    assert same.global_pair is not None
    assert same.local_pair is not None
    assert (same.cka_global, same.cka_local) == pytest.approx((1, 1))
    assert (same.global_pair.rmse, same.local_pair.sample_max) == (0, 0)
    # Tokens of a vision transformer lie on another grid and have another width.
    report, _ = report_of(replace(question, other=TokenSource()))
    other = report.comparison
    assert other is not None
    assert other.cka_global is not None
    assert 0 < other.cka_global < 1
    assert (other.cka_local, other.global_pair, other.local_pair, other.distributions) == (None,) * 4


def test_tokens_are_taken_as_they_are(question):
    source = TokenSource()
    report, _ = report_of(replace(question, source=source))
    assert report.tokens
    assert source.tokens is not None
    assert report.local_space.dimension == 24
    assert report.local_space.positions == source.tokens.grid(SIDE) ** 2


@dataclass
class BrokenSource(TinySource):
    """A backbone whose features are no numbers."""

    sha256: str = "3" * 64

    def load(self, seed: int) -> Backbone:
        backbone = TinyBackbone().eval()
        for module in backbone.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.constant_(module.bias, torch.nan)
        return backbone


def test_what_has_no_answer_is_said_in_a_sentence(question, monkeypatch):
    def said(**changes) -> str:
        with pytest.raises(ValueError) as error:
            report_of(replace(question, **changes))
        assert not list((question.workspace / "results").rglob("*.json"))
        return str(error.value)

    assert "no embeddings at level c9: it has no such level; levels: c1, c2, c3, c4, c5" in said(level="c9")
    assert "the image stands in there; levels: c2" in said(source=TokenSource(), level="c1")
    assert "takes images of 224 pixels only, the profile has 64" in said(other=TinySource(fixed_side=224))
    assert "reach nan; expected finite values" in said(source=BrokenSource())
    assert "batch norm, and backbone tokens has none" in said(
        source=TokenSource(), settings=AnalysisSettings(train_mode=True)
    )
    monkeypatch.setattr(embeddings, "MOST_POSITIONS", 100)
    assert "level c1 has 1024 positions an image; of at most 100" in said(level="c1")


@pytest.mark.parametrize(("images", "words"), [(0, "test split of rsna is empty"), (1, "has 1 image")])
def test_a_split_without_two_images_is_refused(question, tmp_path, images, words):
    store = _store(tmp_path / "rsna", images)
    with pytest.raises(ValueError, match=words):
        report_of(replace(question, store=store))
    assert question.source.loads == 0
