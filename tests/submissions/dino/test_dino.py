"""DINO against plain float64 code: loss and centre, head, what goes through which network, and how both move."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.declaration import choose, read_declaration
from lovt_bench.submissions.common.errors import SettingsError
from lovt_bench.submissions.common.lightly_parts import loss, modules
from lovt_bench.submissions.common.moving_average import update_average
from lovt_bench.submissions.common.sampling import CorpusDataset
from lovt_bench.submissions.common.settings import build_settings
from lovt_bench.submissions.common.vision_transformer import plain_transformer
from lovt_bench.submissions.dino import pretrain
from lovt_bench.submissions.dino.pretrain import DINO, Settings, drop_paths, features
from lovt_bench.submissions.dino.views import MultiCrop
from tests.submissions.plain_transformer import arrays, gelu, linear, softmax
from tests.submissions.small_runs import fit, small
from tests.submissions.tiny_corpus import write_corpus

SIZES: dict[str, Any] = {"outputs": 12, "hidden": 16, "bottleneck": 8, "local_crops": 2, "local_side": 32}
CNN: dict[str, Any] = {"architecture": "resnet18", "architecture_options": None}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(write_corpus(tmp_path_factory.mktemp("dino") / "corpus", train=6, validation=0, test=0))


def plain_loss(
    taught: np.ndarray, told: np.ndarray, centre: np.ndarray, hot: float, cold: float
) -> tuple[float, np.ndarray]:
    """Return the loss and the centre after it.

    Args:
        taught: (2, B, K), the teacher's outputs of the global views.
        told: (V, B, K), the student's of all views, the global ones first.
        centre: (K,).
        hot: Temperature of the student.
        cold: Of the teacher.
    """
    terms = []
    for place, lesson in enumerate(taught):
        goal = softmax((lesson - centre) / cold)
        for view, answer in enumerate(told):
            if view != place:
                terms.append(-(goal * np.log(softmax(answer / hot))).sum(-1).mean())
    return float(np.mean(terms)), 0.9 * centre + 0.1 * taught.mean((0, 1))


def plain_head(values: np.ndarray, w: dict[str, np.ndarray]) -> np.ndarray:
    hidden = gelu(linear(gelu(linear(values, w, "layers.0")), w, "layers.2"))
    small = linear(hidden, w, "layers.4")
    small = small / np.linalg.norm(small, axis=-1, keepdims=True)
    rows = w["last_layer.weight_v"] / np.linalg.norm(w["last_layer.weight_v"], axis=1, keepdims=True)
    return small @ (w["last_layer.weight_g"] * rows).T


def test_loss_centre_and_temperatures_are_those_of_plain_code():
    criterion = loss.DINOLoss(7, 0.04, 0.07, warmup_teacher_temp_epochs=3, student_temp=0.1).double()
    generator = torch.Generator().manual_seed(1)
    centre = np.zeros(7)
    for epoch, cold in enumerate([0.04, 0.055, 0.07, 0.07, 0.07]):
        taught, told = (torch.randn(n, 3, 7, generator=generator, dtype=torch.float64) for n in (2, 5))
        expected, centre = plain_loss(taught.numpy(), told.numpy(), centre, 0.1, cold)
        found = float(criterion(list(taught), list(told), epoch=epoch))
        assert found == pytest.approx(expected, rel=1e-6)
        np.testing.assert_allclose(criterion.center[0, 0].numpy(), centre, rtol=1e-9)


def test_head_is_three_layers_a_bottleneck_of_length_1_and_rows_of_length_1():
    torch.manual_seed(2)
    head = modules.DINOProjectionHead(6, 16, 8, 12).double()
    with torch.no_grad():
        for parameter in head.layers.parameters():
            parameter.add_(torch.randn_like(parameter))
    values = torch.randn(5, 6, dtype=torch.float64)
    with torch.no_grad():
        np.testing.assert_allclose(
            head(values).numpy(), plain_head(values.numpy(), arrays(head.state_dict()))
        )
    fixed = [name for name, each in head.named_parameters() if not each.requires_grad]
    assert fixed == ["last_layer.weight_g"]
    assert (head.last_layer.weight_g == 1).all()


@pytest.mark.parametrize("network", [{}, CNN], ids=["transformer", "cnn"])
def test_a_step_teaches_by_two_views_and_asks_about_all(
    corpus: Corpus, network: dict, monkeypatch: pytest.MonkeyPatch
):
    torch.manual_seed(3)
    model = DINO(small(Settings, **SIZES, **network, image_side=64, drop_path=0), corpus, 3).double().train()
    with torch.no_grad():
        for parameter in (*model.student.parameters(), *model.student_head.layers.parameters()):
            parameter.add_(0.1 * torch.randn_like(parameter))
    monkeypatch.setattr(model, "log", lambda *_, **__: None)
    monkeypatch.setattr(DINO, "current_epoch", 0)
    views = [torch.rand(3, 1, side, side, dtype=torch.float64) for side in (64, 64, 32, 32)]
    found = model.training_step(views, 0)

    large, all_small = (model.network_input(torch.cat(part)) for part in (views[:2], views[2:]))
    with torch.no_grad():
        taught = features(model.backbone, large)
        told = torch.cat([features(model.student, large), features(model.student, all_small)])
    outputs = [
        plain_head(values.numpy(), arrays(head.state_dict()))
        for values, head in ((taught, model.head), (told, model.student_head))
    ]
    expected, centre = plain_loss(
        outputs[0].reshape(2, 3, 12), outputs[1].reshape(4, 3, 12), np.zeros(12), 0.1, 0.04
    )
    assert float(found.detach()) == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(model.criterion.center[0, 0].numpy(), centre, rtol=1e-6)
    found.backward()
    assert {name.partition(".")[0] for name, each in model.named_parameters() if each.grad is not None} == {
        "student",
        "student_head",
    }


def copies(module: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def test_the_teacher_follows_after_each_step_and_is_what_is_exported(corpus: Corpus, tmp_path: Path):
    settings = small(
        Settings, **SIZES, batch_size=6, max_epochs=1, ema_decay=0.9, warmup_epochs=0, accumulate=1
    )
    model = DINO(settings, corpus, 3)
    before = copies(model.backbone)
    assert all(torch.equal(a, b) for a, b in zip(before, copies(model.student), strict=True))
    fit(model, tmp_path)
    assert all(not torch.equal(a, b) for a, b in zip(before[3:], copies(model.student)[3:], strict=True))
    for now, old, new in zip(copies(model.backbone), before, copies(model.student), strict=True):
        torch.testing.assert_close(now, 0.9 * old + 0.1 * new)


@pytest.mark.parametrize("frozen", [0, 1])
def test_the_last_layer_rests_in_the_first_epochs(corpus: Corpus, tmp_path: Path, frozen: int):
    settings = small(
        Settings, **SIZES, batch_size=6, max_epochs=1, warmup_epochs=0, frozen_epochs=frozen, accumulate=1
    )
    model = DINO(settings, corpus, 3)
    last, first = (copies(part) for part in (model.student_head.last_layer, model.student_head.layers))
    fit(model, tmp_path)
    moved = any(
        not torch.equal(a, b) for a, b in zip(last, copies(model.student_head.last_layer), strict=True)
    )
    assert moved == (frozen == 0)
    assert not torch.equal(first[0], copies(model.student_head.layers)[0])


def test_gradients_are_clipped_one_by_one_and_both_decays_rise(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings = small(
        Settings, **SIZES, batch_size=3, accumulate=1, max_epochs=2, clip=1e-3, frozen_epochs=0,
        weight_decay=0.1, final_weight_decay=0.5, ema_decay=0.9,
    )  # fmt: skip
    model = DINO(settings, corpus, 3)
    norms: list[float] = []
    decays: list[tuple[float, float]] = []
    clipped = DINO.on_before_optimizer_step

    def watched(self: DINO, optimizer: torch.optim.Optimizer) -> None:
        clipped(self, optimizer)
        norms.extend(float(each.grad.norm()) for each in self.parameters() if each.grad is not None)
        decays.append(tuple(group["weight_decay"] for group in optimizer.param_groups))

    averages: list[float] = []

    def averaged(target: nn.Module, online: nn.Module, decay: float) -> None:
        averages.append(decay)
        update_average(target, online, decay)

    monkeypatch.setattr(pretrain.DINO, "on_before_optimizer_step", watched)
    monkeypatch.setattr(pretrain, "update_average", averaged)
    fit(model, tmp_path)
    assert max(norms) == pytest.approx(1e-3, rel=1e-2)
    assert sum(norm > 0.9e-3 for norm in norms) > len(norms) / 2, "not one norm of all"
    steps = len(decays)
    expected = [(0.3 - 0.2 * np.cos(np.pi * step / steps), 0.0) for step in range(steps)]
    np.testing.assert_allclose(decays, expected, rtol=1e-9)
    rising = [1 - 0.05 * (1 + np.cos(np.pi * step / steps)) for step in range(steps)]
    np.testing.assert_allclose(averages, np.repeat(rising, 2), rtol=1e-9)  # the network and its head


def test_stochastic_depth_is_the_students_alone_and_rises_with_depth(corpus: Corpus):
    model = DINO(small(Settings, **SIZES, drop_path=0.2), corpus, 3)
    assert model.student.state_dict().keys() == model.backbone.state_dict().keys()
    found = [
        getattr(block.drop_path1, "drop_prob", 0.0)
        for block in plain_transformer(model.student).network_for(32).blocks
    ]
    assert found == pytest.approx([0.0, 0.2])
    images = torch.rand(16, 3, 32, 32)
    assert torch.equal(features(model.backbone.train(), images), features(model.backbone.eval(), images))
    assert not torch.equal(features(model.student.train(), images), features(model.student.eval(), images))
    drop_paths(DINO(small(Settings, **SIZES, **CNN), corpus, 3).student, 0.5)  # a CNN has none


def test_views_have_their_sizes_and_each_its_own_draw(corpus: Corpus):
    transform = DINO(small(Settings, **SIZES, image_side=64), corpus, 3).training_transform()
    dataset = CorpusDataset(corpus, "train", "image", transform, 0)
    views = dataset[0, 0]
    assert [tuple(view.shape) for view in views] == [(1, 64, 64)] * 2 + [(1, 32, 32)] * 2
    assert {view.dtype for view in views} == {torch.uint8}
    assert not torch.equal(views[0], views[1])
    assert not torch.equal(views[2], views[3])
    assert all(torch.equal(a, b) for a, b in zip(views, dataset[0, 0], strict=True))


def test_only_second_views_are_solarised():
    """The bright image is uniform: crops, flips, jitter of contrast and blur leave it bright and uniform."""
    bright = type("Bright", (), {"image": np.full((64, 64), 250, np.uint8)})()
    torch.manual_seed(0)
    drawn = [MultiCrop(32, 32, 1, (0.25, 1.0), (0.05, 0.25))(bright) for _ in range(200)]
    dark = np.mean([[float(view.float().mean()) < 100 for view in views] for views in drawn], axis=0)
    assert dark[0] == dark[2] == 0
    assert 0.1 < dark[1] < 0.3


def variant(name: str) -> Settings:
    submission = read_declaration(Path(pretrain.__file__).parent)
    return build_settings(Settings, [(name, choose(submission, name).settings)])


def test_sizes_and_rates_of_the_released_vit():
    settings = variant("100")
    assert settings.batch_size * settings.accumulate == 1024
    assert settings.learning_rate == pytest.approx(0.00075 * 1024 / 256)
    assert (settings.weight_decay, settings.final_weight_decay, settings.final_rate) == (0.04, 0.4, 2e-6)
    assert (settings.max_epochs, settings.warmup_epochs, settings.frozen_epochs, settings.clip) == (
        400,
        10,
        3,
        0.3,
    )
    assert (settings.local_crops, settings.global_area, settings.local_area) == (10, (0.25, 1), (0.05, 0.25))
    assert (settings.teacher_temperature, settings.warmup_teacher_epochs) == (0.07, 50)
    assert (settings.outputs, settings.drop_path, settings.ema_decay) == (65536, 0.1, 0.996)


def test_sizes_and_rates_of_the_resnet():
    settings = variant("resnet50")
    assert (settings.architecture, settings.architecture_options) == ("resnet50", None)
    assert (settings.optimiser, settings.max_epochs, settings.clip) == ("sgd", 100, 3.0)
    assert settings.learning_rate == pytest.approx(0.03 * settings.batch_size * settings.accumulate / 256)
    assert (settings.weight_decay, settings.final_weight_decay) == (1e-4, 1e-4)
    assert (settings.local_crops, settings.global_area, settings.local_area) == (8, (0.14, 1), (0.05, 0.14))


@pytest.mark.parametrize("area", [[0.5, 0.2], [0, 1], [0.3, 1.2]])
def test_areas_that_are_none_are_refused(area: list[float]):
    with pytest.raises(SettingsError, match=r"--set: local_area=.*least and the greatest share"):
        build_settings(Settings, [("--set", {"local_area": area})])


def test_a_transformer_that_is_not_plain_is_refused(corpus: Corpus):
    wrong = {"architecture": "timm.vit_base_patch16_siglip_224", "architecture_options": {"depth": 1}}
    with pytest.raises(SettingsError, match="expected a plain vision transformer"):
        DINO(small(Settings, **SIZES, **wrong), corpus, 0)
