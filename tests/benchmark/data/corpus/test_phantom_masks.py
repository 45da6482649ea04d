"""The corpus of the ceiling: masks of what is drawn, the same bytes again, an excerpt that keeps them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lovt_bench.benchmark.data.corpus.excerpt import write_excerpt
from lovt_bench.benchmark.data.corpus.phantom_masks import NAME, Drawing, class_names, draw, draw_corpus
from lovt_bench.benchmark.data.corpus.prepare import PreparedCorpus
from lovt_bench.benchmark.data.corpus.verify import verify_corpus
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.submissions.common.corpus import Corpus

DRAWING = Drawing(images=16, side=128, seed=3)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> PreparedCorpus:
    return draw_corpus(tmp_path_factory.mktemp("corpora"), DRAWING, workers=1)


def test_images_carry_the_masks_and_boxes_of_what_was_drawn(made: PreparedCorpus):
    assert verify_corpus(made.root) == []
    corpus = Corpus(made.root)
    assert corpus.label_names == class_names()
    for index in (0, 7, 15):
        pixels, planes = draw(DRAWING, index)
        assert np.array_equal(corpus.image(index), pixels)
        masks = corpus.masks(index)
        assert masks is not None
        assert np.array_equal(masks, planes)
        assert np.array_equal(corpus.labels(index) == 1, planes[0].any((1, 2)))
        for mask, box in zip(*planes, strict=True):
            assert (box | mask == box).all() or (mask & ~box).sum() <= 2, "a box holds its mask"


def test_it_is_a_phantom_and_says_whom_it_is_for(made: PreparedCorpus):
    assert (made.manifest.track, made.manifest.name, made.manifest.has_masks) == ("phantom", NAME, True)
    assert "no method may learn from it" in made.manifest.notes[0]
    assert {split: counts.images for split, counts in made.manifest.splits.items()} == {
        "train": 14, "validation": 2, "test": 0,
    }  # fmt: skip


def test_it_is_found_again_and_another_seed_shows_others(made: PreparedCorpus):
    assert draw_corpus(made.root.parent, DRAWING).found
    other, _ = draw(Drawing(16, 128, 4), 0)
    assert not np.array_equal(other, draw(DRAWING, 0)[0])


def test_an_excerpt_keeps_the_masks_of_its_images(made: PreparedCorpus, tmp_path: Path):
    write_excerpt(made.root, tmp_path, {"train": 2, "validation": 1})
    assert [problem for problem in verify_corpus(tmp_path) if "statistics" not in problem] == []
    whole, part = Corpus(made.root), Corpus(tmp_path)
    for image in part.images("validation"):
        twin = next(
            other for other in whole.images("validation")
            if np.array_equal(whole.image(int(other)), part.image(int(image)))
        )  # fmt: skip
        masks, kept = whole.masks(int(twin)), part.masks(int(image))
        assert masks is not None
        assert kept is not None
        assert np.array_equal(masks, kept)


@pytest.mark.parametrize(
    ("images", "side", "said"), [(4, 128, "at least 16 images"), (16, 130, "divisible by 32")]
)
def test_sizes_that_cannot_be_drawn_are_refused(images: int, side: int, said: str):
    with pytest.raises(DataError, match=said):
        Drawing(images, side)
