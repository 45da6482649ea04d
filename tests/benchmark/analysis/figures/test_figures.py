"""Figures of features: the same bytes every time, one sentence where there is nothing to draw."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from lovt_bench.benchmark.analysis.figures.figure import Drawn, LeftOut, write_drawn
from lovt_bench.benchmark.analysis.figures.heat import heated
from lovt_bench.benchmark.analysis.figures.kinds import OF_FEATURES, OF_METHOD
from lovt_bench.benchmark.analysis.figures.sheet import Row, Tile, sheet_svg
from lovt_bench.benchmark.analysis.figures.subject import Subject
from lovt_bench.benchmark.analysis.overlay import SIDE
from lovt_bench.benchmark.analysis.question import Question
from tests.benchmark.analysis.tiny_method import asked, built, exported
from tests.benchmark.data.small_store import write_store
from tests.benchmark.engine.world import TinySource, TokenSource, tiny_store
from tests.submissions.tiny_corpus import write_corpus


def question_of(store, workspace, source=None) -> Question:
    return Question(
        source=source or TinySource(),
        kind="dataset",
        dataset_sha256=store.manifest.identity(),
        store=store,
        side=64,
        half=False,
        device=torch.device("cpu"),
        workspace=workspace,
        seed=0,
        protocol="lovt-2022",
    )


def figures(question, kind, sentence=None):
    return list((OF_FEATURES | OF_METHOD)[kind](Subject(question, lambda images: None, sentence)))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tiny_store(tmp_path_factory.mktemp("stores"), "nih-cxr")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpora") / "tiny", test=6)


def test_a_chart_and_a_picture_are_the_same_to_the_byte(store, tmp_path):
    found = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        chart, picture = (
            next(each for each in figures(question_of(store, folder), kind) if each.name == name)
            for kind, name in (("tsne", "nih-cxr-tsne-local-foreground"), ("features", "nih-cxr-features"))
        )
        files = [*write_drawn(chart, folder, ["svg", "png"]), *write_drawn(picture, folder, ["svg", "png"])]
        found.append({path.name: path.read_bytes() for path in files})
    assert found[0] == found[1]
    for name, content in found[0].items():
        assert not name.endswith(".svg") or b"PHANTOM, SYNTHETIC IMAGES" in content


def test_each_kind_says_what_it_shows(store, tmp_path):
    question = question_of(store, tmp_path)
    drawn = {each.name: each for kind in OF_FEATURES for each in figures(question, kind)}
    assert list(drawn) == [
        "nih-cxr-tsne-local-foreground",
        "nih-cxr-tsne-local-class",
        "nih-cxr-tsne-local-position",
        "nih-cxr-tsne-global-class",
        "nih-cxr-smoothness",
        "nih-cxr-features",
    ]
    assert (
        "Perplexity 1.7, less than 30 because there are few points"
        in drawn["nih-cxr-tsne-global-class"].notes[1]
    )
    assert all(
        "Tiny (tiny) · nih-cxr, test · level c5, 64 pixels, lovt-2022" in each.source
        for each in drawn.values()
    )
    kept = question.path.parent / "tsne"
    assert len(list(kept.iterdir())) == 2, "one projection of local features serves three figures"


def test_images_without_targets_are_told_apart_by_position_alone(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (8, 224, 224), dtype=np.uint8)
    question = question_of(write_store(tmp_path / "s", images=pixels, split_of=["test"] * 8), tmp_path)
    left_out, position = figures(question, "tsne")
    assert isinstance(left_out, LeftOut)
    assert "neither masks, boxes nor labels" in left_out.why
    assert position.name == "s-tsne-local-position"


def test_tokens_have_a_grid_too(store, tmp_path):
    [drawn] = figures(question_of(store, tmp_path, TokenSource()), "smoothness")
    assert "5 x 5 positions" in drawn.notes[0]


class Broken(TinySource):
    def load(self, seed):
        backbone = super().load(seed)
        for parameter in backbone.parameters():
            torch.nn.init.constant_(parameter, torch.nan)
        return backbone


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": Broken()}, "reach nan; expected finite values"),
        ({"most_images": 1}, "has 1 image"),
        ({"most_images": 0}, "is empty"),
        ({"level": "c9"}, "no embeddings at level c9"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_sentence(store, tmp_path, changes, words):
    with pytest.raises(ValueError, match=words):
        figures(replace(question_of(store, tmp_path), **changes), "smoothness")


@pytest.mark.parametrize(("name", "drawn"), [("clip", ["tiny-region-weights"]), ("convirt", [])])
def test_what_a_method_has_not_is_left_out(name, drawn, corpus, tmp_path):
    exported(built(name, corpus), name, tmp_path)
    subject = Subject(asked(name, corpus, tmp_path), lambda images: None)
    found = [*OF_METHOD["weights"](subject), *OF_METHOD["attention"](subject)]
    assert [each.name for each in found if isinstance(each, Drawn)] == drawn
    assert [each.name for each in found] == ["tiny-region-weights", "tiny-attention"]
    said = [each.why if isinstance(each, LeftOut) else each.notes[0] for each in found]
    assert ("Mean over 6 images" if drawn else "no weights") in said[0]
    assert "no attention" in said[1]


def test_images_and_text_lie_in_one_projection(corpus, tmp_path):
    exported(built("lovt", corpus), "lovt", tmp_path)
    question = asked("lovt", corpus, tmp_path)
    assert question.reports is not None
    drawn = {each.name: each.body for each in figures(question, "text")}
    sentences = sum(map(len, question.reports))
    regions = 6 * (64 // 32) ** 2
    assert list(drawn) == [
        "tiny-tsne-pooled-class",
        "tiny-tsne-sentences-class",
        "tiny-tsne-reports-class",
        "tiny-tsne-projected-local",
        "tiny-tsne-projected-global",
    ]
    for words in (
        f"regions ({regions})",
        f"sentences ({sentences})",
        f"reports as regions see them ({regions})",
    ):
        assert words in drawn["tiny-tsne-projected-local"]
    assert "images (6)" in drawn["tiny-tsne-projected-global"]


def test_sentences_are_chosen_by_what_they_hold(corpus, tmp_path):
    exported(built("lovt", corpus), "lovt", tmp_path)
    question = asked("lovt", corpus, tmp_path)
    assert question.reports is not None
    with_it = sum("PNEUMOTHORAX" in each.upper() for report in question.reports for each in report)
    [drawn] = figures(question, "attention", "pneumothoraX")
    assert drawn.body.count("<image") == min(with_it, 6) > 0
    assert drawn.body.count(">No pneumothorax.<") == min(with_it, 6)
    [left_out] = figures(question, "attention", "<fracture>")
    assert left_out.why == "no sentence of the first 6 studies contains '<fracture>'"


def test_sentences_of_free_text_are_drawn_without_control_characters(corpus, tmp_path):
    exported(built("lovt", corpus), "lovt", tmp_path)
    question = asked("lovt", corpus, tmp_path)
    assert question.studies is not None
    strange = [("No\x0b pneumo\x01thorax\x1b[2J.",)] * 6
    changed = replace(question, studies=replace(question.studies, reports=tuple(strange)))
    for sentence in (None, "pneumothorax\x01"):
        [drawn] = figures(changed, "attention", sentence)
        assert write_drawn(drawn, tmp_path / "out", ["png"])
        assert ">No pneumothorax[2J.<" in drawn.body


def test_captions_are_text():
    tile = Tile(Image.new("RGB", (SIDE, SIDE)), ["<script>&", "second"])
    tree = ElementTree.fromstring(sheet_svg([Row("<b>", [tile, tile]), Row("", [tile])]))
    texts = [item.text for item in tree if item.tag.endswith("text")]
    assert texts == ["<b>", *["<script>&", "second"] * 3]
    places = [
        (float(item.get("x", -1)), float(item.get("y", -1))) for item in tree if item.tag.endswith("image")
    ]
    assert places[0][1] == places[1][1] < places[2][1]


def test_the_greatest_share_covers_three_quarters():
    grey = np.full((224, 224), 100, np.uint8)
    found = np.asarray(heated(grey, np.array([[0.0, 0.2], [0.1, 0.4]]))).astype(int)
    orange = np.array([230, 159, 0])
    for (row, column), cover in {(0, 0): 0, (0, 1): 0.375, (1, 0): 0.1875, (1, 1): 0.75}.items():
        middle = found[56 + 112 * row, 56 + 112 * column]
        np.testing.assert_allclose(middle, (1 - cover) * 100 + cover * orange, atol=1)
