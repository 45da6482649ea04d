"""Which rows a task reads, against the numbers of evaluation.md section 4."""

import pytest

from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.engine.inputs.sizes import split_sizes
from lovt_bench.tasks.profile import apply_profile
from lovt_bench.tasks.registry import load_task
from tests.tasks.lovt_18 import LOVT_18

PAPER = Profile(name="paper", title="as published")

OFFICIAL = {
    "rsna": (16010, 5337, 5337),
    "siim": (7229, 2409, 2409),
    "covid-rural": (133, 44, 44),
    "object-cxr": (6400, 1600, 1000),
    "nih-cxr": (588, 196, 196),
}


@pytest.mark.parametrize("spec", LOVT_18, ids=lambda spec: spec.id)
def test_official_splits_give_the_published_number_of_training_images(spec):
    sizes = split_sizes(spec, PAPER, *OFFICIAL[spec.dataset])
    assert sizes.train == spec.published_train_images
    assert sizes.validation == (534 if spec.dataset == "rsna" else OFFICIAL[spec.dataset][1])
    assert sizes.test == OFFICIAL[spec.dataset][2]


def test_too_few_images_for_one_batch_is_an_error_with_a_way_out():
    with pytest.raises(
        ValueError,
        match=r"1 training images do not fill one batch of 8, the least .* under every protocol.*--profile small",
    ):
        split_sizes(load_task("rsna_frozen_1"), PAPER, 70, 23, 23)


def test_an_empty_split_is_an_error():
    with pytest.raises(ValueError, match="validation or the test split of covid-rural is empty"):
        split_sizes(load_task("covid_linear"), PAPER, 16, 4, 0)


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
