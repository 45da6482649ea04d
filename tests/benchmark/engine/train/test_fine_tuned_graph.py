"""A graph trains in frozen and in fine-tuned tasks as the network does that it was exported from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import onnx
import pytest
import torch
from torch import Tensor, nn

from lovt_bench.benchmark.backbone.export import export_onnx
from lovt_bench.benchmark.backbone.model import Backbone
from lovt_bench.benchmark.backbone.sources import resolve
from lovt_bench.benchmark.contract.backbone import FeatureLevel
from lovt_bench.benchmark.contract.run_record import Engine
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.plan.eligible import eligible
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.tasks.heads import yolov3
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.backbone.graph_module.graph_folder import graph_folder
from tests.benchmark.engine.world import NARROW, TINY, TinySource, tiny_store
from tests.tasks.lovt_18 import LOVT_18

TASKS = ("rsna_finetune_1", "rsna_seg_linear_1")


class Plain(Backbone):
    """Five strided convolutions without batch norm, which a graph would keep as it is and a network train."""

    def __init__(self) -> None:
        channels = (3, 4, 6, 8, 10, 12)
        levels = tuple(FeatureLevel(name=f"c{i}", channels=channels[i], stride=2**i) for i in range(1, 6))
        super().__init__("plain", levels)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.stages = nn.ModuleList(nn.Conv2d(channels[i], channels[i + 1], 3, 2, 1) for i in range(5))

    def feature_maps(self, image: Tensor) -> tuple[Tensor, ...]:
        maps = []
        for stage in self.stages:
            image = torch.relu(stage(image))
            maps.append(image)
        return tuple(maps)


@dataclass
class PlainSource(TinySource):
    def load(self, seed: int) -> Backbone:
        return Plain().eval()


def test_a_graph_is_trained_as_its_network_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By both engines: two epochs, behind a warm-up of three steps."""
    graph_folder(
        tmp_path / "backbones" / "graph", onnx.load_from_string(export_onnx(Plain(), 64)), trainable=True
    )
    able, others = eligible(LOVT_18, resolve("graph", tmp_path), lambda spec: 64)
    assert (len(able), others) == (18, {})
    for widths, narrow in NARROW:
        if widths is yolov3.WIDTHS:
            for key, value in narrow.items():
                monkeypatch.setitem(widths, key, value)
    store = {"rsna": tiny_store(tmp_path, "rsna")}
    histories = {}
    cases: list[tuple[str, Engine]] = [("graph", "fast"), ("graph", "reference"), ("plain", "fast")]
    for name, engine in cases:
        source = resolve("graph", tmp_path) if name == "graph" else PlainSource()
        evaluation = Evaluation(
            source, [load_task(task) for task in TASKS], store, load_protocol("lovt-2022"), TINY,
            tmp_path / name / engine, torch.device("cpu"), engine=engine,
        )  # fmt: skip
        results = evaluate(evaluation)
        assert [result.status for result in results] == ["done"] * len(TASKS)
        histories[name, engine] = [
            loss
            for result in results
            for record in result.records
            for log in record.history
            for loss in (log.train_loss, log.validation_loss)
        ]
    assert histories["graph", "fast"] == pytest.approx(histories["graph", "reference"], rel=1e-4)
    assert histories["graph", "fast"] == pytest.approx(histories["plain", "fast"], rel=1e-4)
    assert len(set(histories["graph", "fast"])) > 2
