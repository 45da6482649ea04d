"""A step becomes a graph only where that is asked for, after a while, and never changes a number."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from lovt_bench.benchmark.engine import linear_batch
from lovt_bench.benchmark.engine.linear_batch import LinearSplit, train_linear_batch
from lovt_bench.benchmark.engine.plan import RunConfig
from lovt_bench.benchmark.engine.rows import RowTensor
from lovt_bench.benchmark.engine.step_graph import GraphedHead, StepGraph, capture_on_cuda, step_on
from lovt_bench.benchmark.engine.targets import MaskTargets
from lovt_bench.benchmark.engine.unseen import VARIABLE
from lovt_bench.tasks.heads import build_head, head_strides
from lovt_bench.tasks.heads.linear import bilinear_matrix
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.engine.graph_stand_in import StandIn

PROTOCOL = load_protocol("lovt-2022")
CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
CHANNELS = {1: 3, 2: 64, 4: 256, 8: 512, 16: 1024, 32: 2048}
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def fast(x, weight):
    return (x @ weight).tanh()


def numbers(rows: int = 4, seed: int = 0):
    torch.manual_seed(seed)
    return torch.randn(rows, 3), torch.randn(3, 2, requires_grad=True)


def call(graph, rows: int = 4, seed: int = 0):
    x, weight = numbers(rows, seed)
    output = graph(x, weight)
    output.sum().backward()
    assert torch.equal(output, fast(x, weight))
    (expected,) = torch.autograd.grad(fast(x, weight).sum(), weight)
    torch.testing.assert_close(weight.grad, expected)


def test_a_graph_replaces_the_step_once_it_was_patient():
    capture = StandIn(fast)
    graph = StepGraph(fast, capture, patience=3)
    for seed in range(3):
        call(graph, seed=seed)
    assert capture.captures == 0
    for seed in range(3, 6):
        before = capture.replays
        call(graph, seed=seed)
    assert (capture.captures, capture.replays - before) == (1, 1)


@pytest.mark.parametrize("wrong", [0.999, float("nan")])
def test_a_graph_that_gives_other_numbers_is_not_used_and_said_so(wrong, caplog):
    graph = StepGraph(fast, StandIn(lambda x, weight: fast(x, weight) * wrong), patience=0)
    with caplog.at_level(logging.WARNING):
        call(graph)
    assert "differs" in caplog.text


def test_a_graph_whose_gradient_alone_is_wrong_is_not_used(caplog):
    graph = StepGraph(
        fast, StandIn(lambda x, w: fast(x, w) + (w.sum() - w.sum().detach()) * 0.01), patience=0
    )
    with caplog.at_level(logging.WARNING):
        call(graph)
    assert "differs" in caplog.text


def test_a_step_that_cannot_be_captured_goes_on_as_it_is_and_is_not_tried_again():
    tried = []

    def refuse(step, sample):
        tried.append(1)
        raise RuntimeError("operation not permitted when stream is capturing")

    graph = StepGraph(fast, refuse, patience=0)
    call(graph)
    call(graph, rows=5)
    assert len(tried) == 1


def test_other_shapes_wait_again_and_are_captured_without_a_second_comparison():
    capture = StandIn(fast)
    graph = StepGraph(fast, capture, patience=1)
    call(graph, rows=4)
    call(graph, rows=4)
    compared = capture.replays
    call(graph, rows=5)
    assert capture.captures == 1
    call(graph, rows=5)
    assert (capture.captures, capture.replays) == (2, compared + 1)


def test_without_gradient_nothing_is_captured():
    capture = StandIn(fast)
    graph = StepGraph(fast, capture, patience=0)
    with torch.inference_mode():
        graph(*numbers())
    assert capture.captures == 0


class Head(nn.Module):
    """A head with batch norm, several levels and several outputs."""

    def __init__(self, pause) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.norm, self.pause = nn.Conv2d(2, 3, 3, padding=1), nn.BatchNorm2d(3), pause

    def forward(self, levels):
        self.pause()
        return [self.norm(self.conv(levels[8])), levels[16] * self.conv.weight.sum()]


def trained(head: Head, step, steps: int = 8):
    adam = torch.optim.Adam(head.parameters(), 1e-2)
    for seed in range(steps):
        torch.manual_seed(seed)
        levels = {8: torch.randn(4, 2, 5, 5), 16: torch.randn(4, 1)}
        head.train()
        adam.zero_grad()
        sum(output.square().mean() for output in step(levels)).backward()
        adam.step()
        head.eval()
        with torch.no_grad():
            step(levels)
    return head.state_dict()


def test_a_head_trained_as_a_graph_ends_with_the_same_weights_and_statistics():
    capture = StandIn()
    plain, head = Head(capture.pause), Head(capture.pause)
    expected = trained(plain, plain)
    found = trained(head, GraphedHead(head, capture, patience=2))
    assert capture.replays >= 6
    assert expected["norm.num_batches_tracked"] == 8
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, msg=name)


def linear_outcomes(device: torch.device, batches: int = 6):
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(4 * batches, 6, 2, 2, generator=generator).numpy()
    masks = np.repeat((features.mean((1, 2, 3)) > 0)[:, None, None], 64 * 64, axis=2)
    spec = load_task("covid_linear").model_copy(update={"batch_size": 4, "max_epochs": 24, "patience": 4})
    rows = RowTensor(features, device)
    targets = MaskTargets(np.packbits(masks, axis=-1), 64, device)
    splits = dict.fromkeys(("train", "validation", "test"), LinearSplit(len(features), [rows] * 3, targets))
    configs = [RunConfig("final", rate, seed) for seed, rate in enumerate((1e-1, 1e-12, 1e-3))]
    found = train_linear_batch(spec, PROTOCOL, configs, {32: 6}, splits, device)
    return {index: (outcome.best_epoch, outcome.history, outcome.test) for index, outcome in found}


def test_runs_of_a_linear_head_as_a_graph_have_the_same_outcomes_also_when_one_has_stopped(monkeypatch):
    expected = linear_outcomes(CPU)
    assert len({len(history) for _, history, _ in expected.values()}) > 1, (
        "runs must stop at different epochs"
    )
    capture = StandIn()

    def with_launches(step):
        def paused(*inputs):
            capture.pause()
            return step(*inputs)

        return StepGraph(paused, capture, patience=5)

    monkeypatch.setattr(linear_batch, "step_on", lambda device, step: with_launches(step))
    found = linear_outcomes(CPU)
    assert capture.captures > 1
    assert capture.replays > 20
    assert found == expected


@pytest.mark.parametrize("inference", [True, False])
def test_a_matrix_made_without_gradient_serves_a_training_too(inference):
    bilinear_matrix.cache_clear()
    with torch.inference_mode(inference):
        matrix = bilinear_matrix(2, 64)
    weight = torch.ones(2, requires_grad=True)
    (matrix @ weight).sum().backward()
    torch.testing.assert_close(weight.grad, matrix.sum(0))


@pytest.mark.gpu
@needs_cuda
def test_on_cuda_a_linear_head_as_a_graph_has_the_same_outcomes(monkeypatch):
    device, captured = torch.device("cuda", 0), []

    def capture(step, sample):
        captured.append(1)
        return capture_on_cuda(step, sample)

    monkeypatch.setattr(linear_batch, "step_on", lambda device, step: step)
    expected = linear_outcomes(device)
    monkeypatch.setattr(linear_batch, "step_on", lambda device, step: StepGraph(step, capture, patience=5))
    assert linear_outcomes(device) == expected
    assert captured


@pytest.mark.gpu
@needs_cuda
@pytest.mark.parametrize("task", ["rsna_frozen_100", "pneumothorax_unet_frozen_100"])
def test_on_cuda_a_head_as_a_graph_gives_the_same_numbers_and_no_step_holds_up_the_host(task):
    device, spec = torch.device("cuda", 0), load_task(task)
    head = build_head(spec, CHANNELS, PROTOCOL).to(device).train()
    levels = {
        stride: torch.randn(8, CHANNELS[stride], 224 // stride, 224 // stride, device=device)
        for stride in head_strides(spec)
    }
    kept = {name: value.clone() for name, value in head.named_buffers()}
    graphs = []

    def capture(step, sample):
        graphs.append(capture_on_cuda(step, sample))
        return graphs[-1]

    step = GraphedHead(head, capture, patience=0)
    with torch.autocast("cuda", torch.float16):
        step(levels)
        for name, value in head.named_buffers():
            value.copy_(kept[name])
        expected = [output.detach().clone() for output in tree_leaves(head(levels))]
        for name, value in head.named_buffers():
            value.copy_(kept[name])
        torch.cuda.synchronize()
        torch.cuda.set_sync_debug_mode("error")
        try:
            found = tree_leaves(graphs[0](*levels.values()))
        finally:
            torch.cuda.set_sync_debug_mode("default")
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_a_step_is_called_as_it_is_unless_a_graph_is_asked_for(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert step_on(CUDA, fast) is fast
    monkeypatch.setenv(VARIABLE, "cuda-graphs")
    assert step_on(CPU, fast) is fast
    assert isinstance(step_on(CUDA, fast), StepGraph)
    monkeypatch.setenv(VARIABLE, "cuda-graph")
    with pytest.raises(ValueError, match=r"LOVT_BENCH_UNSEEN.*cuda-graphs"):
        step_on(CUDA, fast)
