"""The ceiling: its loss, views whose masks move with the image, and that nothing takes it for a method."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.contract.exit_codes import ExitCode
from lovt_bench.submissions import phantom_masks as package
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.declaration import read_declaration
from lovt_bench.submissions.common.entry import command
from lovt_bench.submissions.common.sampling import Sample
from lovt_bench.submissions.phantom_masks.pretrain import PhantomMasks, Settings, mask_loss
from lovt_bench.submissions.phantom_masks.views import MaskedView
from tests.submissions.small_runs import small
from tests.submissions.tiny_corpus import write_corpus

FOLDER = Path(package.__path__[0])


def test_the_loss_is_entropy_and_dice_of_each_level_over_the_shares_of_its_cells():
    rng = np.random.default_rng(0)
    masks = rng.integers(0, 2, (2, 3, 4, 4)).astype(np.float32)
    masks[:, 1] = 0  # a plane that shows nothing has no Dice
    levels = [rng.normal(size=(2, 3, side, side)).astype(np.float32) for side in (4, 2)]
    losses = []
    for logits in levels:
        side, step = logits.shape[-1], 4 // logits.shape[-1]
        entropy, dice = [], []
        for plane in range(3):
            both = shown = covered = 0.0
            for image in range(2):
                for row in range(side):
                    for column in range(side):
                        cell = masks[
                            image, plane, row * step : (row + 1) * step, column * step : (column + 1) * step
                        ]
                        t, p = float(cell.mean()), 1 / (1 + math.exp(-logits[image, plane, row, column]))
                        entropy.append(-t * math.log(p) - (1 - t) * math.log(1 - p))
                        both, shown, covered = both + t * p, shown + p, covered + t
            if covered:
                dice.append(2 * both / (shown + covered))
        losses.append(np.mean(entropy) + 1 - np.mean(dice))
    got = mask_loss([torch.from_numpy(logits) for logits in levels], torch.from_numpy(masks))
    assert got.item() == pytest.approx(np.mean(losses), rel=1e-5)


def test_images_without_anything_to_outline_still_teach():
    loss = mask_loss([torch.zeros(1, 2, 2, 2, requires_grad=True)], torch.zeros(1, 2, 4, 4))
    assert loss.item() == pytest.approx(math.log(2))


def test_masks_move_with_the_image():
    """Each mask covers what is bright in the image, and goes on doing so in every view."""
    image = np.full((64, 64), 10, np.uint8)
    image[8:40, 4:28] = 250
    masks = np.zeros((2, 1, 16, 16), bool)
    masks[:, 0, 2:10, 1:7] = True
    sample = Sample(image, (), np.zeros(1, np.float32), masks)
    torch.manual_seed(0)
    for training in (False, *[True] * 20):
        view, planes = MaskedView(64, training)(sample)
        assert (view.shape, view.dtype, planes.shape) == ((1, 64, 64), torch.uint8, (2, 16, 16))
        bright = torch.nn.functional.avg_pool2d((view > view.float().mean()).float(), 4)
        inside, outside = planes[0] == 1, planes[0] == 0
        assert bright[0][inside].mean() > 0.9
        assert bright[0][outside].mean() < 0.1


def test_each_level_tells_a_mask_and_a_box_of_each_label(tmp_path: Path):
    corpus = Corpus(write_corpus(tmp_path / "corpus", train=3, masks=True))
    model = PhantomMasks(small(Settings), corpus, 0)
    found = model.logits(torch.zeros(2, 1, 32, 32, dtype=torch.uint8))
    assert [each.shape for each in found] == [(2, 10, 32 // s, 32 // s) for s in (2, 4, 8, 16, 32)]
    masks = corpus.masks(1)
    assert masks is not None
    assert masks[0].any((1, 2)).tolist() == (corpus.labels(corpus.study_of(1)) == 1).tolist()


def test_it_is_declared_as_a_control_and_takes_no_corpus_without_masks(tmp_path: Path):
    from click.testing import CliRunner

    assert read_declaration(FOLDER).supervision == "control"
    corpus = write_corpus(tmp_path / "plain")
    arguments = ["--input", str(corpus), "--output", str(tmp_path / "out"), "--profile", "demo"]
    result = CliRunner().invoke(command(PhantomMasks, Settings, FOLDER), arguments)
    assert result.exit_code == ExitCode.BAD_DATA
    assert "the corpus plain has none: `lovt-bench corpus phantom-masks` makes one" in result.output
