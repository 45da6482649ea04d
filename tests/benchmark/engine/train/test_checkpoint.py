"""A training that was cut off goes on to the same numbers, to the bit; what does not fit it is thrown away."""

from __future__ import annotations

import io
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import pytest
import torch
from torch.amp.grad_scaler import GradScaler

from lovt_bench.benchmark.contract.checkpoint import MANIFEST, STATE, CheckpointManifest
from lovt_bench.benchmark.contract.run_record import EpochLog, RunKey
from lovt_bench.benchmark.contract.task import TaskSpec, WarmUp
from lovt_bench.benchmark.disk.digest import DigestedFile, file_sha256
from lovt_bench.benchmark.disk.leftovers import abandoned
from lovt_bench.benchmark.engine.device.usage import Usage, UsageMeter
from lovt_bench.benchmark.engine.inputs.sources import Images, scaled_images
from lovt_bench.benchmark.engine.inputs.splits import SplitData
from lovt_bench.benchmark.engine.inputs.targets import box_targets, mask_targets
from lovt_bench.benchmark.engine.plan.runs import RunConfig
from lovt_bench.benchmark.engine.train import checkpoint as room
from lovt_bench.benchmark.engine.train.checkpoint import Checkpoint, added, is_due
from lovt_bench.benchmark.engine.train.checkpoint_sweep import sweep_checkpoints
from lovt_bench.benchmark.engine.train.outcome import RunOutcome
from lovt_bench.benchmark.engine.train.single import train_single
from lovt_bench.benchmark.engine.train.training import Training
from lovt_bench.tasks.metrics.dice import SegmentationMetrics
from lovt_bench.tasks.objective import build_objective
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.disk.room import room_for
from tests.benchmark.engine.world import TinyBackbone, narrow_heads, tiny_store
from tests.conftest import REPOSITORY

CPU = torch.device("cpu")
PROTOCOL = load_protocol("lovt-2022")
EPOCHS = 4
KINDS = {
    "linear": ("covid_linear", "covid-rural"),
    "unet": ("covid_unet_finetune", "covid-rural"),
    "yolov3": ("rsna_finetune_1", "rsna"),
}
DIGESTS = {f"{name}_sha256": "a" * 64 for name in ("backbone", "dataset", "task", "protocol", "profile")}
KEY = RunKey(
    **DIGESTS, task="t", protocol="p", profile="q", engine="fast", phase="final", learning_rate=1, seed=1
)


class Killed(BaseException):
    """In place of a signal: it passes everything that catches errors."""


class Dropping(TinyBackbone):
    """A backbone that draws in training from the generator that all share."""

    def feature_maps(self, image):
        return tuple(
            torch.nn.functional.dropout(level, 0.2, self.training) for level in super().feature_maps(image)
        )


@pytest.fixture(autouse=True, scope="module")
def small_and_eager():
    with pytest.MonkeyPatch.context() as patch:
        make_small_and_eager(patch)
        yield


def make_small_and_eager(patch):
    """Write after every epoch, and narrow the heads: a U-Net has 124 million parameters."""
    patch.setattr(room, "LEAST_SECONDS", 0.0)
    patch.setattr(room, "SHARE", 0)
    narrow_heads(patch)


@dataclass
class Case:
    """A task and what it reads."""

    spec: TaskSpec
    splits: dict[str, SplitData]
    device: torch.device = CPU

    def train(self, root=None, *, behind=False, backbone=TinyBackbone, on_epoch=lambda log: None):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = backbone().eval()
        channels = {1: 3} | {level.stride: level.channels for level in model.levels}
        checkpoint = root and Checkpoint(root, "mine", KEY, self.device, UsageMeter(self.device))
        seen: list[EpochLog] = []
        resumed: list[int] = []

        def hear(log: EpochLog) -> None:
            seen.append(log)
            on_epoch(log)

        outcome = train_single(
            self.spec, PROTOCOL, RunConfig("final", 3e-3, 1), model, channels, self.splits, self.device,
            hear, behind, "fast", checkpoint, resumed.append,
        )  # fmt: skip
        return outcome, seen, resumed


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    return {kind: case_of(kind, root / kind) for kind in KINDS}


def case_of(kind: str, root: Path, device: torch.device = CPU) -> Case:
    task, dataset = KINDS[kind]
    store = tiny_store(root, dataset)
    splits = {}
    for name in ("train", "validation", "test"):
        rows = store.rows(name)[:6]
        images = Images(scaled_images(store, rows, 64), store.manifest.pixel_statistics, device)
        targets = (
            box_targets(store, rows, device) if kind == "yolov3" else mask_targets(store, rows, 64, device)
        )
        splits[name] = SplitData(len(rows), images, targets)
    update = {"batch_size": 2, "max_epochs": EPOCHS, "backbone": "fine-tuned", "patience": 20}
    warm_up = WarmUp(steps=4, learning_rate=1e-3)
    return Case(load_task(task).model_copy(update={**update, "warm_up": warm_up}), splits, device)


@pytest.fixture(scope="module")
def case(cases):
    return cases["linear"]


@pytest.fixture(scope="module")
def expected(case):
    return case.train()[0]


@pytest.fixture(scope="module")
def cut(case, small_and_eager, tmp_path_factory):
    """A workspace with the checkpoint of a run that was killed in its third epoch."""
    root = tmp_path_factory.mktemp("cut")
    with pytest.raises(Killed):
        case.train(root, on_epoch=killed_at(2))
    return root


def same(found: RunOutcome, expected: RunOutcome) -> None:
    """All but the time is equal, weights included."""
    for field in fields(RunOutcome):
        if field.name not in ("seconds", "predict", "predictions"):
            assert getattr(found, field.name) == getattr(expected, field.name), field.name
    weights, wanted = (tensors(outcome) for outcome in (found, expected))
    assert all(torch.equal(weights[name], wanted[name]) for name in wanted)


def tensors(outcome: RunOutcome) -> dict[str, torch.Tensor]:
    """Return the weights and the predictions of a final run."""
    assert isinstance(outcome.predict, partial)
    predicted = vars(outcome.predictions).items()
    return outcome.predict.args[0].state_dict() | {k: v for k, v in predicted if isinstance(v, torch.Tensor)}


def killed_at(epoch):
    def on_epoch(log):
        if log.epoch == epoch:
            raise Killed

    return on_epoch


def folder_of(root: Path) -> Path:
    return root / "checkpoints" / "mine" / KEY.key()


@pytest.mark.parametrize(
    ("kind", "behind", "kills"),
    [
        ("linear", False, range(1, EPOCHS)),
        ("linear", True, range(1, EPOCHS)),
        ("unet", False, [2, EPOCHS - 1]),
        ("yolov3", True, [2, EPOCHS - 1]),
    ],
)
def test_a_run_killed_within_an_epoch_ends_as_an_unbroken_one(cases, tmp_path, kind, behind, kills):
    expected, _, _ = cases[kind].train()
    for epoch in kills:
        with pytest.raises(Killed):
            cases[kind].train(tmp_path, behind=behind, on_epoch=killed_at(epoch))
    found, seen, resumed = cases[kind].train(tmp_path, behind=behind)
    same(found, expected)
    assert resumed == [EPOCHS - 1], "at most the epoch that was under way is lost"
    assert seen == expected.history[EPOCHS - 1 :], "epochs that are done are not told again"
    assert abandoned(tmp_path) == []


@pytest.mark.parametrize("batch", [0, 2])
def test_a_kill_between_two_batches_costs_that_epoch(case, expected, tmp_path, batch, monkeypatch):
    steps, step = [], Training.on_train_batch_end

    def mortal(self, *arguments):
        step(self, *arguments)
        steps.append(self.epoch)
        if steps.count(2) == batch + 1:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Training, "on_train_batch_end", mortal)
        with pytest.raises(Killed):
            case.train(tmp_path)
    found, _, resumed = case.train(tmp_path)
    same(found, expected)
    assert resumed == [2]


def train_until_a_kill_within_a_write(store: Path, root: Path) -> None:
    save = torch.save

    def mortal(state, file):
        save(state, file)
        if len(state["history"]) == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    make_small_and_eager(pytest.MonkeyPatch())
    torch.save = mortal  # type: ignore[assignment]
    case_of("linear", store).train(root)


def test_a_kill_while_the_checkpoint_is_written_leaves_the_one_before(case, expected, tmp_path):
    name = train_until_a_kill_within_a_write.__name__
    code = f"import sys; from pathlib import Path; from {__name__} import {name} as f; f(*map(Path, sys.argv[1:]))"
    (tmp_path / "run").mkdir()
    folders = [str(tmp_path / "store"), str(tmp_path / "run")]
    child = subprocess.run([sys.executable, "-c", code, *folders], cwd=REPOSITORY, check=False)
    assert child.returncode == -signal.SIGKILL
    tmp_path = tmp_path / "run"
    assert len(abandoned(tmp_path)) == 1
    found, _, resumed = case.train(tmp_path)
    same(found, expected)
    assert resumed == [2]
    assert abandoned(tmp_path) == []


def test_a_run_that_had_stopped_trains_no_more(case, tmp_path, monkeypatch):
    patient = Case(case.spec.model_copy(update={"patience": 1, "max_epochs": 40}), case.splits)
    expected, _, _ = patient.train()
    assert expected.epochs < 40
    with monkeypatch.context() as patch:
        patch.setattr(Training, "on_test_epoch_start", lambda self: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            patient.train(tmp_path)
    found, seen, resumed = patient.train(tmp_path)
    same(found, expected)
    assert (seen, resumed) == ([], [expected.epochs])


def test_what_a_backbone_draws_goes_on_where_it_was(case, tmp_path):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        expected, _, _ = case.train(backbone=Dropping)
        torch.manual_seed(3)
        with pytest.raises(Killed):
            case.train(tmp_path, backbone=Dropping, on_epoch=killed_at(3))
        torch.manual_seed(4)
        found, _, _ = case.train(tmp_path, backbone=Dropping)
        same(found, expected)
        assert case.train(backbone=Dropping)[0].history != expected.history, "it draws nothing"


def test_seconds_and_cost_are_those_of_all_attempts(case, cut, tmp_path):
    shutil.copytree(cut, tmp_path, dirs_exist_ok=True)
    path = folder_of(tmp_path) / MANIFEST
    manifest = CheckpointManifest.model_validate_json(path.read_bytes())
    assert manifest.epochs == 2
    assert 0 < manifest.seconds < 100
    path.write_text(manifest.model_copy(update={"seconds": 1000.0}).to_json())
    assert 1000 < case.train(tmp_path)[0].seconds < 1100
    assert added(Usage(7, 2, 2.5), Usage(5, 3, 1.0)) == Usage(7, 3, 3.5)
    assert added(Usage(), Usage(5)) == Usage(5)


class _Code:
    def __reduce__(self):
        return os.system, ("touch hacked",)


def _write_state(folder, content):
    """Put another state in place, with its digest."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    (folder / STATE).write_bytes(buffer.getvalue())
    _change(folder, sha256=file_sha256(folder / STATE))


def _change(folder, **update):
    manifest = CheckpointManifest.model_validate_json((folder / MANIFEST).read_bytes())
    (folder / MANIFEST).write_text(manifest.model_copy(update=update).to_json())


def _flip(folder):
    content = bytearray((folder / STATE).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / STATE).write_bytes(content)


def _state(folder):
    return torch.load(folder / STATE, weights_only=True)


def _without(folder, key):
    _write_state(folder, {name: value for name, value in _state(folder).items() if name != key})


SPOILS: dict[str, tuple[Callable[[Path], object], str]] = {
    **{
        f"without {key}": (partial(_without, key=key), f"{key} is missing in it")
        for key in ("step", "adam", "generator", "best_validation")
    },
    "a flipped bit": (_flip, "differs from its digest"),
    "a cut file": (lambda folder: os.truncate(folder / STATE, 100), "differs from its digest"),
    "no state": (lambda folder: (folder / STATE).unlink(), "cannot be read"),
    "no manifest": (lambda folder: (folder / MANIFEST).unlink(), "is missing"),
    "half a manifest": (lambda folder: os.truncate(folder / MANIFEST, 50), "cannot be read"),
    "another schema": (
        lambda folder: (folder / MANIFEST).write_text(
            (folder / MANIFEST).read_text().replace('"schema_version": 1', '"schema_version": 2')
        ),
        "another version of lovt-bench",
    ),
    "another seed": (lambda folder: _change(folder, run=KEY.model_copy(update={"seed": 2})), "another run"),
    "another torch": (
        lambda folder: _change(folder, versions={**room._versions(), "torch": "1.0"}),
        "was written with torch 1.0",
    ),
    "a GPU": (lambda folder: _change(folder, device="cuda"), "was written on cuda"),
    "code": (lambda folder: _write_state(folder, _Code()), "cannot be read"),
    "a list": (lambda folder: _write_state(folder, [1]), "holds no state"),
    "an empty state": (lambda folder: _write_state(folder, {}), "holds no state of this run"),
    "other weights": (
        lambda folder: _write_state(folder, _state(folder) | {"weights": {"x": torch.zeros(1)}}),
        "not those of this head",
    ),
    "history that is none": (
        lambda folder: _write_state(folder, _state(folder) | {"history": [{"epoch": -1}]}),
        "holds no state of this run",
    ),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_what_does_not_fit_the_run_is_thrown_away_with_a_word(
    case, expected, cut, tmp_path, monkeypatch, caplog, spoil
):
    monkeypatch.chdir(tmp_path)
    change, words = SPOILS[spoil]
    shutil.copytree(cut, tmp_path, dirs_exist_ok=True)
    change(folder_of(tmp_path))
    with caplog.at_level(logging.WARNING, "lovt_bench"):
        found, seen, resumed = case.train(tmp_path)
    same(found, expected)
    assert (len(seen), resumed) == (EPOCHS, [])
    (said,) = caplog.messages
    assert words in said
    assert "begins at its first epoch" in said
    assert not (tmp_path / "hacked").exists()
    assert folder_of(tmp_path).is_dir(), "the new attempt keeps a checkpoint of its own"


def test_a_full_disk_stops_no_training(case, expected, tmp_path, caplog):
    with room_for(1000), caplog.at_level(logging.WARNING, "lovt_bench"):
        found, _, _ = case.train(tmp_path)
    same(found, expected)
    (said,) = caplog.messages
    assert "the training goes on without" in said
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_signal_while_the_checkpoint_is_written_comes_through(case, tmp_path, monkeypatch):
    """torch's writer makes a RuntimeError of what is raised within it."""

    raised: list[bool] = []

    def signalled(self, content):
        if not raised and len(list(tmp_path.rglob(STATE))) == 2:  # the one before, and this one
            raised.append(True)  # one Ctrl-C: a second one would end the wait for the writer
            signal.raise_signal(signal.SIGINT)
        return write(self, content)

    write = DigestedFile.write
    monkeypatch.setattr(DigestedFile, "write", signalled)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        case.train(tmp_path)
    assert len(list(tmp_path.rglob(STATE))) == 1
    assert abandoned(tmp_path) == []


def test_an_error_in_a_metric_is_no_error_of_the_disk(case, tmp_path, monkeypatch):
    def broken(self):
        raise RuntimeError("broken metric")

    monkeypatch.setattr(SegmentationMetrics, "compute", broken)
    with pytest.raises(RuntimeError, match="broken metric"):
        case.train(tmp_path, behind=True)


def test_the_scale_of_gradients_goes_on(case):
    spec, state = case.spec, {"generator": torch.get_rng_state(), "cuda_generator": None}
    module = Training(
        torch.nn.Linear(1, 1), None, build_objective(spec, PROTOCOL), spec, PROTOCOL.optimisation, 1.0
    )
    module.scaler = GradScaler("cpu", init_scale=8.0)
    module._resumed = state | {"scaler": GradScaler("cpu", init_scale=2.0).state_dict()}
    module.on_train_start()
    assert module.scaler.state_dict()["scale"] == 2.0


def test_checkpoints_take_a_small_share_of_the_time(monkeypatch):
    monkeypatch.setattr(room, "LEAST_SECONDS", 10.0)
    monkeypatch.setattr(room, "SHARE", 30)
    assert not is_due(9.9, cost=0.0)
    assert is_due(10.0, cost=0.3)
    assert not is_due(59.0, cost=2.0)
    assert is_due(60.0, cost=2.0)


def test_checkpoints_that_nobody_goes_on_with_are_removed(cut, tmp_path):
    keys = [KEY.model_copy(update={"seed": seed}) for seed in range(4)]
    keys[1] = keys[1].model_copy(update={"backbone_sha256": "b" * 64})
    for key in keys:
        shutil.copytree(folder_of(cut), tmp_path / "checkpoints" / "mine" / key.key())
        _change(tmp_path / "checkpoints" / "mine" / key.key(), run=key)
    recorded, replaced, old, kept = (tmp_path / "checkpoints" / "mine" / key.key() for key in keys)
    os.utime(old, times=(time.time() - 31 * 86_400,) * 2)
    sweep_checkpoints(tmp_path, "mine", None, [keys[0].key(), "0" * 64])
    assert set(kept.parent.iterdir()) == {replaced, old, kept}, "what a backbone is now, nobody knows here"
    sweep_checkpoints(tmp_path, "mine", "a" * 64, ["0" * 64])
    assert list(kept.parent.iterdir()) == [kept]
    assert not recorded.exists()
    assert not replaced.exists()
    sweep_checkpoints(tmp_path, "other", "a" * 64, [keys[3].key()])
    assert kept.exists(), "of another submission"
