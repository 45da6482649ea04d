"""Losses of a pre-training from logs of several starts, of which some were cut off."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.analysis.figures.figure import Drawn, LeftOut
from lovt_bench.benchmark.analysis.figures.pretraining import pretraining_figure
from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.contract.backbone import Provenance

HEAD = "epoch,step,train/loss_epoch,val/loss\n"


@pytest.fixture(scope="module", params=[("phantom MIMIC-CXR", "phantom"), ("Phantom Hospital", "public")])
def made(request, tmp_path_factory):
    data, track = request.param
    root = tmp_path_factory.mktemp("backbones") / "mine"
    said = Provenance(method="mine", inputs_sha256="1" * 64, pretraining_data=[data])
    save_backbone(root, random_draw("resnet18", 0), display_name="Mine", provenance=said, onnx=False)
    return root, track


def logged(logs, **starts):
    for number, text in starts.items():
        folder = logs / number.removeprefix("start")
        folder.mkdir(parents=True)
        if text is not None:
            (folder / "metrics.csv").write_text(HEAD + text)


def test_starts_that_were_cut_off_do_not_lose_the_others(made, tmp_path):
    root, track = made
    logged(
        tmp_path, start0="0,1,0.5,\n0,1,,0.25\n1,2,0.125,\n1", start1=None, start2="1,2,0.75,\n2,3,0.0625,\n"
    )
    found = pretraining_figure(root, tmp_path)
    assert isinstance(found, Drawn)
    assert found.track == track
    assert "training" in found.body
    logged(tmp_path / "lost", start0="0,1,nothing,\n")
    broken = pretraining_figure(root, tmp_path / "lost")
    assert isinstance(broken, LeftOut)
    assert "cannot be read: could not convert string to float" in broken.why


@pytest.mark.parametrize("cut", ["2", "2,3,1e", "2,3,-", "2,3,0.1", "2,3,0.12", "2,3,0.125,0.2"])
def test_a_line_that_is_cut_off_counts_for_nothing(made, tmp_path, cut):
    """0.1 is as good a number as 0.125: only the end of the line says that it is whole."""
    whole = "0,1,0.5,0.4\n1,2,0.25,0.3\n"
    logged(tmp_path / "whole", start0=whole)
    logged(tmp_path / "cut", start0=whole + cut)
    expected, found = (pretraining_figure(made[0], tmp_path / name) for name in ("whole", "cut"))
    assert isinstance(expected, Drawn)
    assert found == expected


def test_a_run_that_logged_nothing_is_said(made, tmp_path):
    logged(tmp_path, start0=None)
    found = pretraining_figure(made[0], tmp_path)
    assert isinstance(found, LeftOut)
    assert "keep no losses" in found.why
