"""The protocol file is loaded whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.tasks.protocol import (
    PROTOCOLS,
    InvalidProtocolError,
    UnknownProtocolError,
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
