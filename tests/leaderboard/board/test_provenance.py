"""What a row's details say of how its backbone was made."""

from __future__ import annotations

from typing import get_args

from lovt_bench.benchmark.backbone.tokens.model import LevelRule
from lovt_bench.benchmark.contract.backbone import BackboneManifest
from lovt_bench.leaderboard.board.provenance import provenance_texts


def test_a_graph_that_is_fine_tuned_says_what_becomes_of_batch_norm() -> None:
    graph = {
        "name": "x", "display_name": "X", "architecture": "onnx", "onnx_sha256": "0" * 64, "parameters": 1,
        "levels": [{"name": "c5", "channels": 4, "stride": 32}], "provenance": {"method": "x"}, "created": "now",
    }  # fmt: skip
    trained = provenance_texts(BackboneManifest.model_validate(graph | {"trainable": True}))
    assert "batch norm stays as the graph has it" in trained["Fine-tuning"]
    assert "Fine-tuning" not in provenance_texts(BackboneManifest.model_validate(graph))


def test_a_row_says_from_which_blocks_its_feature_levels_come() -> None:
    said = {}
    for rule in get_args(LevelRule):
        tokens = {
            "name": "x", "display_name": "X", "architecture": "hf.dinov2", "weights_sha256": "0" * 64, "parameters": 1,
            "levels": [{"name": "c5", "channels": 4, "stride": 32}], "provenance": {"method": "x"}, "created": "now",
            "options": {"levels": rule},
        }  # fmt: skip
        said[rule] = provenance_texts(BackboneManifest.model_validate(tokens))["Feature levels"]
        without = provenance_texts(BackboneManifest.model_validate(tokens | {"options": None}))
        assert "Feature levels" not in without
    assert "last block" in said["last"]
    assert "quarter" in said["quarters"]


def test_settings_that_differ_where_they_are_cut_are_two_and_code_has_a_digest() -> None:
    made = {
        "name": "x", "display_name": "X", "architecture": "resnet50", "weights_sha256": "0" * 64, "parameters": 1,
        "levels": [{"name": "c5", "channels": 4, "stride": 32}], "created": "now",
    }  # fmt: skip
    first, second = (
        provenance_texts(
            BackboneManifest.model_validate(
                made
                | {
                    "provenance": {
                        "settings": {"stages": "1," * 150 + end},
                        "method_sha256": code + " in mine:2",
                    }
                }
            )
        )
        for end, code in (("2", "a" * 64), ("3", "b" * 64))
    )
    assert first["Setting stages"] != second["Setting stages"]
    assert len(first["Setting stages"]) <= 200
    assert first["Files of the method"] == "a" * 16 + " in mine:2"
