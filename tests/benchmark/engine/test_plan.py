"""Which runs a task costs and which rows it reads, against the numbers of evaluation.md sections 1, 2 and 4."""

import pytest

from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.engine.plan import (
    final_runs,
    split_sizes,
    tuning_runs,
)
from lovt_bench.tasks.profile import apply_profile
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from lovt_bench.tasks.tuning import choose_learning_rate
from tests.tasks.lovt_18 import LOVT_18

PAPER = Profile(name="paper", title="as published")
RUNS = load_protocol("lovt-2022").runs

OFFICIAL = {
    "rsna": (16010, 5337, 5337),
    "siim": (7229, 2409, 2409),
    "covid-rural": (133, 44, 44),
    "object-cxr": (6400, 1600, 1000),
    "nih-cxr": (588, 196, 196),
}


def test_one_backbone_costs_136_trainings():
    runs = [[*tuning_runs(spec, RUNS), *final_runs(spec.learning_rates[0], RUNS, PAPER)] for spec in LOVT_18]
    assert sum(map(len, runs)) == 136


def test_the_final_runs_have_five_different_seeds():
    seeds = [config.seed for config in final_runs(1e-3, RUNS, PAPER)]
    assert seeds == [12345, 12346, 12347, 12348, 12349]


def test_task_5_is_never_tuned():
    assert tuning_runs(load_task("rsna_frozen_10"), RUNS) == []


def test_the_grid_is_tried_in_order_with_one_seed():
    configs = tuning_runs(load_task("rsna_seg_linear_1"), RUNS)
    assert [config.learning_rate for config in configs] == [3e-2, 1e-2, 3e-3, 1e-4]
    assert {config.seed for config in configs} == {12345}


@pytest.mark.parametrize("spec", LOVT_18, ids=lambda spec: spec.id)
def test_official_splits_give_the_published_number_of_training_images(spec):
    sizes = split_sizes(spec, PAPER, *OFFICIAL[spec.dataset])
    assert sizes.train == spec.published_train_images
    assert sizes.validation == (534 if spec.dataset == "rsna" else OFFICIAL[spec.dataset][1])
    assert sizes.test == OFFICIAL[spec.dataset][2]


def test_too_few_images_for_one_batch_is_an_error_with_a_way_out():
    with pytest.raises(ValueError, match=r"1 training images do not fill one batch of 8.*--profile small"):
        split_sizes(load_task("rsna_frozen_1"), PAPER, 70, 23, 23)


def test_an_empty_split_is_an_error():
    with pytest.raises(ValueError, match="validation or the test split of covid-rural is empty"):
        split_sizes(load_task("covid_linear"), PAPER, 16, 4, 0)


def test_the_largest_score_wins():
    assert choose_learning_rate([(0.3, 0.1), (0.1, 0.4), (0.03, 0.2)]) == 0.1


def test_a_tie_keeps_the_earlier_grid_entry():
    assert choose_learning_rate([(0.03, 0.2), (0.3, 0.2)]) == 0.03


def test_a_diverged_run_cannot_win_against_zero():
    assert choose_learning_rate([(0.3, None), (0.1, 0.0)]) == 0.1


def test_all_diverged_is_an_error():
    with pytest.raises(ValueError, match="all tuning runs diverged"):
        choose_learning_rate([(0.3, None), (0.1, None)])


def test_a_limit_may_depend_on_the_kind_of_task():
    profile = Profile(
        name="x",
        title="by kind",
        max_train_images={"linear": 40, "fine-tuned": 16},
        max_epochs={"linear": 3, "unet": 5},
    )
    found = {
        name: (
            apply_profile(load_task(name), profile).max_epochs,
            split_sizes(load_task(name), profile, 100, 50, 50).train,
        )
        for name in ("covid_linear", "covid_unet_frozen", "covid_unet_finetune")
    }
    published = load_task("covid_unet_finetune").max_epochs
    assert found == {
        "covid_linear": (3, 40),
        "covid_unet_frozen": (5, 100),
        "covid_unet_finetune": (published, 16),
    }
