"""MAE against plain float64 code: what is masked, what is drawn, and how far off it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.lightly_parts import utils
from lovt_bench.submissions.common.sampling import CorpusDataset
from lovt_bench.submissions.mae.pretrain import MAE, FlippedCrop, Settings, patch_loss
from tests.submissions.plain_transformer import arrays, block, encoded, linear, norm, patches
from tests.submissions.small_runs import small
from tests.submissions.tiny_corpus import write_corpus

DECODER = {"decoder_width": 16, "decoder_depth": 2, "decoder_heads": 2}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(write_corpus(tmp_path_factory.mktemp("mae") / "corpus", train=6, validation=0, test=0))


def plain_positions(grid: int, width: int) -> np.ndarray:
    """Return (1 + grid², width): zeros for CLS, then sines and cosines of the column, then of the row."""
    quarter = width // 4
    waves = [10000 ** (-place / quarter) for place in range(quarter)]
    rows = [[0.0] * width]
    for y in range(grid):
        for x in range(grid):
            parts = [[f(at * wave) for wave in waves] for at in (x, y) for f in (np.sin, np.cos)]
            rows.append([value for part in parts for value in part])
    return np.array(rows)


def plain_loss(drawn: np.ndarray, image: np.ndarray, masked: np.ndarray, side: int, normed: bool) -> float:
    """Return the mean over the masked patches of one image, their pixels in the order row, column, channel."""
    targets = patches(image, side)[masked].transpose(0, 2, 3, 1).reshape(len(masked), -1)
    if normed:
        variance = targets.var(-1, ddof=1, keepdims=True)
        targets = (targets - targets.mean(-1, keepdims=True)) / np.sqrt(variance + 1e-6)
    return float(((drawn - targets) ** 2).mean())


@pytest.mark.parametrize("normed", [True, False])
def test_loss_of_a_step_is_that_of_plain_code(corpus: Corpus, normed: bool, monkeypatch: pytest.MonkeyPatch):
    """Random masks are caught on their way; all else is computed again, image by image."""
    torch.manual_seed(4)
    settings = small(Settings, **DECODER, image_side=224, normalised_targets=normed)
    model = MAE(settings, corpus, 3).double()
    monkeypatch.setattr(model, "log", lambda *_, **__: None)
    views = torch.rand(2, 1, 224, 224, dtype=torch.float64)
    torch.manual_seed(7)
    with torch.no_grad():
        loss = float(model.training_step(views, 0))
    torch.manual_seed(7)
    keep, masked = utils.random_token_mask((2, 785), 0.75)
    encoder, w = arrays(model.backbone.state_dict()), arrays(model.decoder.state_dict())
    losses = []
    for place in range(2):
        image = (views[place].expand(3, -1, -1).numpy() - corpus.pixel_mean) / corpus.pixel_std
        seen, hidden = keep[place].numpy(), masked[place].numpy()
        tokens = np.repeat(w["mask_token"][0], 785, axis=0)
        tokens[seen] = linear(encoded(image, encoder, 2, 2, seen), w, "decoder_embed")
        tokens = tokens + plain_positions(28, 16)
        for at in range(2):
            tokens = block(tokens, w, f"decoder_blocks.{at}", 2)
        drawn = linear(norm(tokens, w, "decoder_norm"), w, "decoder_pred")[hidden]
        losses.append(plain_loss(drawn, image, hidden - 1, 8, normed))
    assert loss == pytest.approx(np.mean(losses), rel=1e-6)


def test_every_image_shows_cls_and_a_quarter_of_its_patches():
    keep, masked = utils.random_token_mask((8, 197), 0.75)
    assert keep.shape == (8, 1 + 49)
    assert masked.shape == (8, 147)
    assert (keep[:, 0] == 0).all()
    for row in torch.cat([keep, masked], 1):
        assert sorted(row.tolist()) == list(range(197))
    assert len({tuple(sorted(row.tolist())) for row in keep}) == 8, "each image has its own mask"


def test_a_dark_patch_has_no_deviation_and_a_finite_loss():
    views = torch.full((1, 3, 16, 16), -1.7)
    drawn = torch.full((1, 2, 192), 0.5)
    loss = patch_loss(drawn, views, torch.tensor([[0, 3]]), 8, normalised=True)
    assert float(loss) == pytest.approx(0.25, rel=1e-3)


def test_weights_are_drawn_as_in_the_paper_and_positions_stay(corpus: Corpus):
    torch.manual_seed(1)
    network = MAE(small(Settings, **DECODER), corpus, 3).backbone
    state = network.state_dict()
    np.testing.assert_allclose(state["pos_embed"][0].double(), plain_positions(28, 16), atol=1e-5)
    assert [name for name, each in network.named_parameters() if not each.requires_grad] == ["pos_embed"]
    bound = (6 / (16 + 48)) ** 0.5  # Xavier's, uniform
    assert 0.95 * bound < float(state["blocks.1.attn.qkv.weight"].abs().max()) <= bound
    bound = (6 / (16 + 3 * 64)) ** 0.5  # a patch counts as a vector
    assert 0.95 * bound < float(state["patch_embed.proj.weight"].abs().max()) <= bound


def test_biases_and_norms_do_not_decay_and_the_decoder_is_trained(corpus: Corpus):
    model = MAE(small(Settings, **DECODER), corpus, 3)
    matrices, vectors = model.configure_optimizers().param_groups
    assert (matrices["weight_decay"], vectors["weight_decay"]) == (0.05, 0.0)
    assert matrices["betas"] == (0.9, 0.95)
    assert {each.ndim for each in vectors["params"]} == {1}
    assert model.decoder.mask_token in set(matrices["params"])
    fixed = {id(model.decoder.decoder_pos_embed), *(id(each) for each in [model.backbone.pos_embed])}
    assert not fixed & {id(each) for each in matrices["params"]}


def test_views_are_crops_of_a_fifth_or_more_and_every_second_one_is_mirrored(corpus: Corpus):
    dataset = CorpusDataset(corpus, "train", "image", FlippedCrop(32, 0.2), 0)
    view = dataset[0, 0]
    assert view.dtype == torch.uint8
    assert view.shape == (1, 32, 32)
    assert torch.equal(view, dataset[0, 0])
    ramp = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
    sample = type("Ramp", (), {"image": ramp})()
    slopes = [
        float(row[-1].int() - row[0].int())
        for row in (FlippedCrop(32, 0.2)(sample)[0, 0] for _ in range(200))
    ]
    assert 60 < sum(slope < 0 for slope in slopes) < 140
    assert min(map(abs, slopes)) > 64 * (0.2 * 3 / 4) ** 0.5 * 0.9


def test_sizes_and_rates_of_the_paper():
    settings = Settings()
    assert settings.batch_size * settings.accumulate == 4096
    assert settings.learning_rate == pytest.approx(1.5e-4 * 4096 / 256)
    assert (settings.weight_decay, settings.warmup_epochs, settings.max_epochs) == (0.05, 40, 800)
    assert (settings.mask_ratio, settings.least_area, settings.normalised_targets) == (0.75, 0.2, True)
    assert (settings.decoder_width, settings.decoder_depth, settings.decoder_heads) == (512, 8, 16)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mask_ratio": 0.95}, "leaves none of the 16 patches of an image of 32 pixels"),
        ({"architecture": "resnet18", "architecture_options": None}, "expected a plain vision transformer"),
    ],
)
def test_settings_that_cannot_be_trained_are_refused(corpus: Corpus, changes: dict, message: str):
    with pytest.raises(SettingsError, match=message):
        MAE(small(Settings, **DECODER, **changes), corpus, 0)
