"""The warm-up as it acts on weights and batch-norm statistics (evaluation.md section 2.4)."""

from __future__ import annotations

import pytest
import torch

from lovt_bench.benchmark.contract.task import WarmUp
from lovt_bench.benchmark.engine.inputs.sources import Images, scaled_images
from lovt_bench.benchmark.engine.inputs.splits import SplitData
from lovt_bench.benchmark.engine.inputs.targets import mask_targets
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.train.single import train_single
from lovt_bench.benchmark.engine.train.training import Training
from lovt_bench.tasks.objective import build_objective
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.world import TinyBackbone, TinySource, narrow_heads, tiny_store

CPU = torch.device("cpu")
PROTOCOL = load_protocol("lovt-2022")


@pytest.fixture(autouse=True, scope="module")
def narrow():
    """What the backbone learns, and when, is no question of the head's width."""
    with pytest.MonkeyPatch.context() as patch:
        narrow_heads(patch)
        yield


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    store = tiny_store(tmp_path_factory.mktemp("world"), "covid-rural")
    result = {}
    for name in ("train", "validation", "test"):
        rows = store.rows(name)[:6]
        images = Images(scaled_images(store, rows, 64), store.manifest.pixel_statistics, CPU)
        result[name] = SplitData(len(rows), images, mask_targets(store, rows, 64, CPU))
    return result


def spec(steps: int, epochs: int):
    return load_task("covid_unet_finetune").model_copy(
        update={"batch_size": 2, "max_epochs": epochs, "warm_up": WarmUp(steps=steps, learning_rate=1e-3)}
    )


def fine_tune(splits, steps, epochs):
    backbone = TinyBackbone().eval()
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    channels = {1: 3} | {level.stride: level.channels for level in backbone.levels}
    outcome = train_single(
        spec(steps, epochs), PROTOCOL, RunConfig("tune", 1e-4, 1), backbone, channels, splits, CPU
    )
    after = backbone.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    return outcome, changed


def test_during_the_warm_up_the_backbone_does_not_change_at_all(splits):
    _, changed = fine_tune(splits, steps=3, epochs=1)
    assert changed == set()


def test_after_a_warm_up_that_ends_inside_an_epoch_weights_move_but_statistics_wait_for_the_validation(
    splits,
):
    _, changed = fine_tune(splits, steps=2, epochs=1)
    assert "stages.0.0.weight" in changed
    assert not any("running" in name for name in changed)


def test_from_the_next_epoch_on_batch_norm_uses_batch_statistics(splits):
    _, changed = fine_tune(splits, steps=2, epochs=2)
    assert "stages.0.1.running_mean" in changed


def test_the_warm_up_rate_is_followed_by_the_constant_task_rate(splits):
    outcome, _ = fine_tune(splits, steps=3, epochs=3)
    assert [log.learning_rate for log in outcome.history] == [1e-3, 1e-4, 1e-4]


def test_the_tested_weights_are_those_of_the_best_epoch(splits):
    """Training that ends with the best epoch must give the test metrics of training that goes on."""
    config = RunConfig("final", 1e-2, 1)

    def outcome(epochs: int):
        backbone = TinySource().load(0)
        channels = {1: 3} | {level.stride: level.channels for level in backbone.levels}
        return train_single(spec(2, epochs), PROTOCOL, config, backbone, channels, splits, CPU)

    long = outcome(6)
    assert long.best_epoch < 5, "choose another learning rate: the best epoch must not be the last"
    assert outcome(long.best_epoch + 1).test == long.test


def test_lightning_leaves_the_module_without_a_checkpoint_on_disk(splits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fine_tune(splits, steps=1, epochs=1)
    assert list(tmp_path.iterdir()) == []


def test_training_module_has_one_parameter_group(splits):
    backbone = TinyBackbone()
    head = torch.nn.Conv2d(12, 1, 1)
    module = Training(
        head, backbone, build_objective(spec(1, 1), PROTOCOL), spec(1, 1), PROTOCOL.optimisation, 1e-4
    )
    adam = module.configure_optimizers()
    assert len(adam.param_groups) == 1
    assert adam.defaults["weight_decay"] == 1e-6
    assert len(adam.param_groups[0]["params"]) == sum(1 for _ in module.parameters())
