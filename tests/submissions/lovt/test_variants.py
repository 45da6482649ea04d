"""Every named variant against the tables of the protocol (pretraining.md sections 1.8 and 2), setting by setting."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from lovt_bench.submissions.clip.pretrain import Settings as ClipSettings
from lovt_bench.submissions.common.declaration import choose, read_declaration
from lovt_bench.submissions.common.image_text.settings import ImageTextSettings
from lovt_bench.submissions.convirt.pretrain import Settings as ConVIRTSettings
from lovt_bench.submissions.lovt.settings import Settings
from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "submissions"

FULL: dict[str, Any] = {
    "initial_weights": "imagenet",
    "architecture": "resnet50",
    "image_side": 224,
    "batch_size": 32,
    "accumulate": 16,
    "optimiser": "adamw",
    "learning_rate": 1e-4,
    "weight_decay": 1e-6,
    "schedule": "cosine_per_epoch",
    "max_epochs": 100,
    "patience": 10,
    "min_delta": 1e-5,
    "image_pooling": "attention",
    "report_pooling": "attention",
    "attention_heads": 8,
    "pooling_query": "padded",
    "sentences": "swaps",
    "swap_probability": 0.6,
    "projection_hidden": 2048,
    "projection_dim": 512,
    "projection_norm": "batch",
    "padded_in_norm": True,
    "global_image_weight": 0.75,
    "global_report_weight": 0.25,
    "global_temperature": 0.1,
    "gather_negatives": False,
    "views": "published",
    "double_bn_update": True,
    "text_model": "emilyalsentzer/Bio_ClinicalBERT",
    "lower_case": True,
    "frozen_layers": 6,
    "freeze_embeddings": True,
    "frozen_dropout": True,
}
LOCAL: dict[str, Any] = {
    "local_image_weight": 0.375,
    "local_report_weight": 0.375,
    "local_temperature": 0.3,
    "region_weights": "attention",
    "region_threshold": 0.5,
    "region_smoothing": 1.0,
}
NO_LOCAL = {"local_image_weight": 0, "local_report_weight": 0}
ONE_SENTENCE = {"report_pooling": "max", "sentences": "one"}
AVERAGE = {"image_pooling": "average", "report_pooling": "max"}
PLATEAU: dict[str, Any] = {"schedule": "plateau", "plateau_factor": 0.5, "plateau_patience": 12}

LOVT: dict[str, tuple[str, dict[str, Any]]] = {
    "100": ("LoVT_100", {}),
    "30": ("LoVT_30", {}),
    "no_l": ("ablation_no_l", NO_LOCAL),
    "no_g": (
        "ablation_no_g",
        {
            "global_image_weight": 0,
            "global_report_weight": 0,
            "report_pooling": "max",
            "region_weights": "uniform",
        },
    ),
    "no_weight": ("ablation_noweight", {"region_weights": "uniform"}),
    "no_weight_no_att": (
        "ablation_noweight_no_att",
        {**AVERAGE, "region_weights": "uniform", "learning_rate": 3e-5},
    ),
    "no_spatial": ("ablation_no_spatial", {"region_smoothing": None}),
    "no_coslr": ("ablation_no_coslr", {**PLATEAU, "learning_rate": 3e-5}),
    "g_only": ("ablation_g_only", {**AVERAGE, **NO_LOCAL, "learning_rate": 3e-4}),
    "g_single_sent_att": ("ablation_g_single_sent_att", {**ONE_SENTENCE, **NO_LOCAL}),
    "convirt_lr": (
        "ablation_convirt_lr",
        {**AVERAGE, **ONE_SENTENCE, **NO_LOCAL, "projection_norm": "none", "learning_rate": 3e-5},
    ),
    "no_l_scan": ("ablation_no_l_scan", {"local_image_weight": 0}),
    "no_l_report": ("ablation_no_l_report", {"local_report_weight": 0}),
}
CONVIRT: dict[str, Any] = {
    **AVERAGE,
    **ONE_SENTENCE,
    **PLATEAU,
    "projection_norm": "none",
    "accumulate": 1,
    "optimiser": "adam",
    "max_epochs": 500,
    "patience": 15,
}
OTHERS = [
    ("clip", ClipSettings, "100", "CLIP_100", ONE_SENTENCE),
    ("clip", ClipSettings, "30", "CLIP_30", ONE_SENTENCE),
    ("convirt", ConVIRTSettings, "100", "ConVIRT_100", CONVIRT),
    ("convirt", ConVIRTSettings, "30", "ConVIRT_30", {**CONVIRT, "learning_rate": 1e-5}),
]


def settings_of(method: str, kind: type[ImageTextSettings], variant: str) -> dict[str, Any]:
    return kind.model_validate(choose(read_declaration(FOLDER / method), variant).settings).model_dump()


def differences(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {name: found.get(name) for name, value in expected.items() if found.get(name) != value}


@pytest.mark.parametrize("variant", LOVT)
def test_variants_of_lovt(variant: str):
    published, changes = LOVT[variant]
    found = settings_of("lovt", Settings, variant)
    expected = {**FULL, **LOCAL, **changes}
    if not expected["local_image_weight"] and not expected["local_report_weight"]:
        del expected["region_weights"]  # no local loss reads it
    assert differences(found, expected) == {}
    declared = read_declaration(FOLDER / "lovt").variants[variant]
    assert (declared.published, declared.fraction) == (published, 1.0 if variant == "100" else 0.3)


def test_no_variant_is_missing_or_undocumented():
    declaration = read_declaration(FOLDER / "lovt")
    assert list(declaration.variants) == list(LOVT)
    assert declaration.default_variant == "100"


@pytest.mark.parametrize(("method", "kind", "variant", "published", "changes"), OTHERS)
def test_clip_and_convirt(method, kind, variant, published, changes):
    assert differences(settings_of(method, kind, variant), {**FULL, **changes}) == {}
    declared = read_declaration(FOLDER / method).variants[variant]
    assert (declared.published, declared.fraction) == (published, 1.0 if variant == "100" else 0.3)


def test_the_ablation_with_one_sentence_is_clip_in_every_setting():
    ablation = settings_of("lovt", Settings, "g_single_sent_att")
    clip = settings_of("clip", ClipSettings, "30")
    assert {name: ablation[name] for name in clip} == clip
    only_local = set(ablation) - set(clip)
    assert only_local == set(LOCAL)
    assert ablation["local_image_weight"] == ablation["local_report_weight"] == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            dict.fromkeys(("global_image_weight", "global_report_weight", *NO_LOCAL), 0),
            "all losses have weight 0",
        ),
        ({"image_pooling": "average"}, "set region_weights=uniform"),
        ({"report_pooling": "max"}, "set region_weights=uniform"),
    ],
)
def test_settings_that_make_no_method(values, message):
    with pytest.raises(ValidationError, match=message):
        Settings.model_validate(values)
