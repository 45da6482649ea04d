"""LoVT's objective: what each variant builds, and where gradients go. Its numbers are held by golden vectors."""

from __future__ import annotations

import pytest
import torch

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.lovt.alignment import Alignment
from lovt_bench.submissions.lovt.pretrain import LoVT
from lovt_bench.submissions.lovt.settings import Settings
from tests.submissions.common.image_text.conftest import TINY
from tests.submissions.common.image_text.test_module import build, first_batch, total
from tests.submissions.lovt.test_variants import LOVT, settings_of
from tests.submissions.tiny_corpus import write_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Corpus:
    return Corpus(write_corpus(tmp_path_factory.mktemp("pairs") / "tiny"))


@pytest.mark.parametrize("variant", LOVT)
def test_every_variant_takes_a_step_that_reaches_all_that_learns(variant: str, corpus: Corpus):
    values = settings_of("lovt", Settings, variant)
    module = build(
        LoVT, Settings, corpus, **{name: values[name] for name in values if name not in TINY}
    ).train()
    loss, parts = total(module, first_batch(module))
    loss.backward()
    assert loss.isfinite()
    for name, parameter in module.named_parameters():
        assert (parameter.grad is not None) is parameter.requires_grad, name
    losses = {name.removesuffix("_loss") for name in parts if name.endswith("_loss")}
    image = {"local_a_l2att", "local_a_att2l"} if values["local_image_weight"] else set()
    report = {"local_b_l2att", "local_b_att2l"} if values["local_report_weight"] else set()
    whole = {"global_a2b", "global_b2a"} if values["global_image_weight"] else set()
    assert losses == image | report | whole


def test_without_global_loss_attention_pooling_stays_as_it_is_initialised(corpus: Corpus):
    values = {"global_image_weight": 0, "global_report_weight": 0, "region_weights": "uniform"}
    module = build(LoVT, Settings, corpus, **values)
    assert module.image_pooling is not None
    assert not any(parameter.requires_grad for parameter in module.image_pooling.parameters())
    given = {id(p) for group in module.configure_optimizers().param_groups for p in group["params"]}
    assert not given & {id(p) for p in module.image_pooling.parameters()}


def test_region_weights_carry_no_gradient_into_pooling(corpus: Corpus):
    """All gradient of attention pooling is that of the global loss."""
    gradients = []
    for local in (0.375, 0.0):
        module = build(LoVT, Settings, corpus)
        batch = first_batch(module)
        settings = Settings.model_validate(
            {**TINY, "local_image_weight": local, "local_report_weight": local}
        )
        assert isinstance(module.alignment, Alignment)
        module.alignment.settings = settings
        total(module.eval(), batch)[0].backward()
        assert module.image_pooling is not None
        gradients.append(module.image_pooling.attention.in_proj_weight.grad)
    torch.testing.assert_close(*gradients)


def test_parameter_counts_of_the_protocol():
    with torch.device("meta"):
        alignment = Alignment(2048, 768, (7, 7), Settings())
    counts = {
        name: sum(parameter.numel() for parameter in part.parameters())
        for name, part in alignment.named_children()
    }
    assert counts == {
        "image_global_head": 5_249_536,
        "report_global_head": 2_628_096,
        "image_local_head": 5_249_536,
        "report_local_head": 2_628_096,
        "cross_attention": 788_992,
    }
