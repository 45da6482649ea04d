"""The protocol file is loaded whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.tasks.protocol import (
    PROTOCOLS,
    InvalidProtocolError,
    UnknownProtocolError,
    differences,
    load_protocol,
    protocol_names,
)

GOOD = (PROTOCOLS / "lovt-2022.yaml").read_text()


@pytest.mark.parametrize("name", protocol_names())
def test_every_protocol_file_loads(name: str):
    assert load_protocol(name).name == name


def test_published_numbers_stand_in_the_published_protocol():
    """Figures of evaluation.md sections 1.1, 7.2, 7.4, 7.5, 11.2 and 11.3."""
    protocol = load_protocol()
    assert protocol.yolo.anchors[0][0] == (64.64, 48.6)  # the slip for 62.64 is kept
    assert protocol.yolo.anchors[2][2] == (17.82, 12.42)
    assert (protocol.yolo.confidence_threshold, protocol.yolo.nms_iou, protocol.yolo.ignore_iou) == (
        0.2,
        0.4,
        0.5,
    )
    assert protocol.metrics.map_iou_thresholds == [0.40, 0.45, 0.50, 0.55, 0.60, 0.65, 0.70, 0.75]
    assert protocol.metrics.froc_operating_points == [1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8]
    assert protocol.optimisation.weight_decay == 1e-6
    assert protocol.runs.final_seeds == [12345, 12346, 12347, 12348, 12349]


@pytest.mark.parametrize("name", ["lovt", "../protocols/lovt-2022", "", "lovt-2022.yaml"])
def test_an_unknown_name_lists_the_known_ones(name: str):
    with pytest.raises(UnknownProtocolError, match="known: lovt-2022"):
        load_protocol(name)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("target_scales: all", "target_scales: some", "yolo.target_scales: Input should be 'all' or 'best'"),
        ("  target_scales: all\n", "", "yolo.target_scales: Field required"),
        (
            "target_scales: all",
            "target_scales: all\n  new_entry: 1",
            "yolo.new_entry: there is no such field; known: .*target_scales",
        ),
        ("name: lovt-2022", "name: other", "name is 'other', expected 'lovt-2022'"),
        ("nms_iou: 0.4", "nms_iou: 0.4\n  nms_iou: 0.5", "key 'nms_iou' is given twice"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, old: str, new: str, message: str):
    assert old in GOOD
    (tmp_path / "lovt-2022.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(InvalidProtocolError, match=message):
        load_protocol("lovt-2022", tmp_path)


FROZEN = {
    "lovt-2022": "44785a16619c58dc5e50ea273869087d46fca15704e58a0f02e3480c484cea76",
    "lovt-2026": "359b8800496e0ff08cdcf7793ced3b71954a62b8dd10805ec98dd74d8dfd9f32",
    "lovt-2026-448": "680ce14838de1fc4f6f1a5614ee7fb42bd05374c06a9a5113c68bd0e5c34d8ad",
}
"""Rows were measured under these: another digest is another protocol, and needs another name."""


def test_protocols_are_frozen():
    assert {name: load_protocol(name).digest() for name in protocol_names()} == FROZEN


def test_every_corrected_entry_has_its_reason_and_no_other():
    corrected = load_protocol("lovt-2026")
    assert set(corrected.reasons) == set(differences(load_protocol(), corrected))
    assert min(map(len, corrected.reasons.values())) > 20


def test_the_twin_differs_in_the_side_and_in_the_normalisation():
    one, twin = load_protocol("lovt-2026"), load_protocol("lovt-2026-448")
    assert differences(one, twin) == {
        "data.image_side": (224, 448),
        "data.normalisation": ("dataset", "declared"),
    }
    assert set(twin.reasons) == set(differences(one, twin))


def test_an_entry_of_a_base_is_replaced_whole(tmp_path: Path):
    (tmp_path / "lovt-2022.yaml").write_text(GOOD)
    (tmp_path / "mine.yaml").write_text(
        "name: mine\ntitle: Mine\nbase: lovt-2022\ndata: {jpeg_quality: {rsna: 90}}\nruns: {tune_seed: 1}\n"
    )
    assert differences(load_protocol("lovt-2022", tmp_path), load_protocol("mine", tmp_path)) == {
        "data.jpeg_quality": ({"covid-rural": 75, "object-cxr": 75}, {"rsna": 90}),
        "runs.tune_seed": (12345, 1),
    }


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("base: mine", "base: unknown protocol 'mine'"),
        ("base: other", "base: unknown protocol 'other'"),
        ("base: lovt-2022\nyolo: {anchor: 1}", "yolo.anchor: there is no such field"),
        (
            "base: lovt-2022\nmetrics: {beside: [image_dize]}",
            "metrics.beside: unknown metric file 'image_dize'",
        ),
        ("base: lovt-2022\nmetrics: {beside: [dice]}", "metrics.beside: unknown metric file 'dice'"),
    ],
)
def test_a_wrong_base_or_entry_of_one_that_has_a_base_is_named(tmp_path: Path, lines: str, message: str):
    (tmp_path / "lovt-2022.yaml").write_text(GOOD)
    (tmp_path / "mine.yaml").write_text(f"name: mine\ntitle: Mine\n{lines}\n")
    with pytest.raises(InvalidProtocolError, match=message):
        load_protocol("mine", tmp_path)
