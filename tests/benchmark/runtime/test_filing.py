"""A run that ended well is never run again, wherever the call that checks what it left is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lovt_bench import submissions
from lovt_bench.benchmark.backbone.findings import failed
from lovt_bench.benchmark.backbone.folder import read_manifest, save_backbone
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.contract import fork_server
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.contract.run_contract import Limits
from lovt_bench.benchmark.contract.verdict import RunVerdict, Verdict
from lovt_bench.benchmark.disk.leftovers import abandoned
from lovt_bench.benchmark.runtime.check_apart import check_apart
from lovt_bench.benchmark.runtime.execute import execute
from lovt_bench.benchmark.runtime.filing import Pretrained
from lovt_bench.benchmark.runtime.interruption import StoppedError
from lovt_bench.benchmark.runtime.outputs import Outputs
from lovt_bench.benchmark.runtime.request import Request
from lovt_bench.benchmark.submission.read import SubmissionError
from lovt_bench.leaderboard.board.descriptions import describe
from tests.benchmark.runtime.own_method import write_method
from tests.benchmark.runtime.told import Told
from tests.submissions.tiny_corpus import write_corpus

METHOD = """
import os, shutil
with open(os.environ["RUNS"], "a") as runs:
    runs.write("run ")
shutil.copytree(os.environ["GOOD"], output / "backbone")
if os.environ.get("MEANWHILE"):
    shutil.copytree(os.environ["GOOD"], os.environ["MEANWHILE"])
"""


@dataclass
class Caller:
    """Calls `pretrain mine`, and knows how often the method ran."""

    workspace: Path
    runs: Path

    @property
    def root(self) -> Path:
        return self.workspace / "backbones" / "mine"

    @property
    def output(self) -> Path:
        return self.workspace / "pretraining" / "mine"

    @property
    def count(self) -> int:
        return len(self.runs.read_text().split()) if self.runs.exists() else 0

    def __call__(self, **changes: Any) -> Pretrained | None:
        fields: dict[str, Any] = {
            "method": "mine", "variant": None, "fraction": None, "profile": "paper", "seed": 1, "settings": {},
            "name": "mine", "resume": False, "force": False, "device": "cpu", "devices": None, "workers": None,
            "time_limit": None, "hard_limit": None, "wandb": None, "online_evaluation": True,
            "runtime": "process", "image": None, "base_image": None, "build_network": None,
            "limits": Limits(reserve_bytes=0), "assets": None, "workspace": self.workspace, "corpus": Path,
            **changes,
        }  # fmt: skip
        return execute(Request(**fields), Told())

    def killed(self, before: Callable[[str, tuple[Any, ...]], bool], **changes: Any) -> None:
        """Call in a process that kills itself before the first operation that `before` is true of."""
        child = os.fork()
        if child == 0:
            adopt_servers()

            def watch(event: str, arguments: tuple[Any, ...]) -> None:
                if before(event, arguments):
                    os.kill(os.getpid(), signal.SIGKILL)

            sys.addaudithook(watch)
            try:
                self(**changes)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "the call came to its end without the operation"
        assert os.WTERMSIG(status) == signal.SIGKILL

    def assert_done(self) -> None:
        assert self.count == 1, "the method ran again"
        assert read_manifest(self.root).provenance.inputs_sha256 is not None
        assert [path.name for path in self.root.parent.iterdir()] == ["mine"]
        assert not list(self.output.iterdir())
        assert sorted(path.name for path in (self.output.parent / ".runs").iterdir())[:1] == ["mine.json"]
        assert not list(self.workspace.rglob("*.lock"))
        assert not abandoned(self.workspace)


def adopt_servers() -> None:
    """Let a fork of this process ask its servers, of which it is not the parent; this one asks nothing meanwhile."""
    servers = {(os.getpid(), place): server for (_, place), server in fork_server._servers.items()}
    fork_server._servers.update(servers)


def write_backbone(folder: Path, seed: int, **provenance: Any) -> None:
    made_by = Provenance(method="mine", seed=seed, **provenance)
    save_backbone(
        folder,
        random_draw("resnet18", seed),
        display_name="Mine",
        provenance=made_by,
        onnx=False,
        name="mine",
    )


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "good"
    write_backbone(folder, 1)
    return folder


@pytest.fixture
def call(tmp_path: Path, methods: Path, good: Path, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """For a method that copies a backbone and leaves no checkpoints."""
    monkeypatch.setenv("PYTHONPATH", write_method(methods, METHOD)["PYTHONPATH"])
    monkeypatch.setattr(submissions, "__path__", [str(methods), *submissions.__path__])
    monkeypatch.setenv("GOOD", str(good))
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    return Caller(tmp_path / "workspace", tmp_path / "runs")


def renames(path: Path) -> Callable[[str, tuple[Any, ...]], bool]:
    """True of the operation that puts something at `path`."""
    return lambda event, arguments: event == "os.rename" and str(arguments[1]) == str(path)


@pytest.mark.slow
def test_a_call_killed_at_any_step_after_the_end_of_the_run_is_finished_by_the_next(
    call: Caller, good: Path
) -> None:
    """Calls, each killed at a later step than the one before; the last one ends. The method runs once."""
    assert not failed(check_apart(good, name="mine"))  # by a server that all calls can ask
    write_backbone(call.root, 0, inputs_sha256="0" * 64)
    before = read_manifest(call.root)
    records = call.output.parent / ".runs"

    def copies(event: str, arguments: tuple[Any, ...]) -> bool:
        return event == "open" and str(arguments[0]).endswith("new/backbone.safetensors")

    def checks(event: str, arguments: tuple[Any, ...]) -> bool:
        return event in ("socket.sendmsg", "subprocess.Popen")  # a server is asked, or begun

    def forgets(event: str, arguments: tuple[Any, ...]) -> bool:
        return event == "shutil.rmtree" and (Path(arguments[0]) / "old" / "backbone.json").exists()

    call.killed(copies, force=True)
    assert call.count == 1
    assert (call.output / "backbone").is_dir()
    call.killed(checks)
    assert read_manifest(call.root) == before
    call.killed(renames(call.root))
    assert not call.root.exists(), "killed between the two renames"
    call.killed(forgets)
    assert read_manifest(call.root) != before
    assert abandoned(call.workspace), "the old one lies in it"
    call.killed(renames(records / "mine.json"))
    assert (call.output / "backbone").is_dir()
    assert call() is None, "its backbone is there"
    call.assert_done()
    verdict = RunVerdict.model_validate_json((records / "mine.verdict.json").read_bytes())
    assert (verdict.verdict, verdict.message) == (Verdict.SUCCESS, "mine was taken over")


@pytest.mark.slow
def test_a_call_stopped_in_the_moment_in_which_the_run_ended_well_keeps_what_it_left(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = Outputs.add_seconds

    def noted_and_stopped(*arguments: Any) -> None:
        noted(*arguments)
        os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(Outputs, "add_seconds", noted_and_stopped)
        with pytest.raises(
            StoppedError, match="its run had ended well; the same command checks what it left"
        ):
            call()
    assert (call.output / "backbone").is_dir()
    call()
    call.assert_done()


@pytest.mark.slow
def test_a_run_that_ended_well_is_not_run_again_and_force_begins_anew(call: Caller) -> None:
    call.killed(lambda event, arguments: event == "os.mkdir" and ".tmp-mine" in str(arguments[0]))
    waiting = RunVerdict.model_validate(
        json.loads((call.output.parent / ".runs" / "mine.json").read_text())["ended"]
    )
    assert waiting.verdict is Verdict.SUCCESS
    with pytest.raises(SubmissionError, match=r"ended well, and what it left in .* is not checked yet"):
        call(seed=2)
    with pytest.raises(SubmissionError, match="ended well, and what it left in"):
        call(settings={"width": "3"}, resume=True)
    assert call.count == 1
    (call.output / "backbone" / "other").touch()
    result = call(resume=True)
    assert result is not None
    assert result.verdict.verdict is Verdict.REJECTED, "what it left is judged as ever"
    assert result.verdict.runtime == "process"
    assert call.count == 1
    call.killed(lambda event, arguments: event == "os.mkdir" and ".tmp-mine" in str(arguments[0]))
    assert call.count == 2, "what was refused is not taken over by a later call"
    assert call(force=True) is not None
    assert call.count == 3


@pytest.mark.slow
def test_a_backbone_from_elsewhere_is_not_replaced_before_or_after_the_run(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody files another one of the name, by `submit` or by hand; the run is not lost by it."""
    write_backbone(call.root, 0)
    before = read_manifest(call.root)
    with pytest.raises(SubmissionError, match="did not come from pre-training mine and is not replaced"):
        call()
    assert (call.count, read_manifest(call.root)) == (0, before)
    shutil.rmtree(call.root)
    monkeypatch.setenv("MEANWHILE", str(call.root))
    with pytest.raises(
        SubmissionError, match=r"came there meanwhile .* The run ended well and is kept: move mine away"
    ):
        call()
    assert read_manifest(call.root).provenance.inputs_sha256 is None
    shutil.rmtree(call.root)
    assert call() is not None
    call.assert_done()


@pytest.mark.slow
def test_a_finished_backbone_is_kept_from_a_run_of_other_inputs(call: Caller, methods: Path) -> None:
    """Each input is named with what it was and what it is; nothing runs. Without a name they would not meet."""
    assert call(name=None, settings={"width": "3"}) is not None
    name = "mine-seed1-width-3"
    root = call.root.with_name(name)
    made = read_manifest(root)
    assert made.display_name == "Mine (seed 1, width=3)"
    assert made.provenance.hyperparameters == {"width": 3}
    assert call(name=name, settings={"width": "3"}) is None, "equal inputs: nothing to do"
    other: list[tuple[dict[str, Any], str]] = [
        ({"seed": 2, "settings": {"width": "3"}}, "not replaced: seed was 1, is 2. Keep both with another --name"),
        ({"settings": {"width": "4"}}, "setting width was 3, is 4"),
        ({}, "setting width was 3, is not given"),
    ]  # fmt: skip
    for changes, message in other:
        for resume in (False, True):
            with pytest.raises(SubmissionError, match=message):
                call(name=name, **changes, resume=resume)
    with (methods / "mine" / "pretrain.py").open("a") as code:
        code.write("# mended\n")
    with pytest.raises(
        SubmissionError, match=r"not replaced: code was [0-9a-f]{12}, is [0-9a-f]{12}\. Keep both"
    ):
        call(name=name, settings={"width": "3"})
    assert (call.count, read_manifest(root)) == (1, made)
    assert call(name=name, force=True) is not None
    assert read_manifest(root).provenance.settings == {}


@pytest.mark.slow
def test_a_backbone_of_a_release_that_noted_less_is_kept_too(call: Caller) -> None:
    write_backbone(call.root, 0, inputs_sha256="0" * 64)
    with pytest.raises(SubmissionError, match="is not replaced: seed was 0, is 1"):
        call()
    shutil.rmtree(call.root)
    write_backbone(call.root, 1, inputs_sha256="0" * 64)
    with pytest.raises(SubmissionError, match="not replaced: it does not say which"):
        call()
    assert call.count == 0


@pytest.mark.slow
def test_a_method_that_learnt_from_an_evaluation_dataset_overlaps_with_it(
    tmp_path: Path, methods: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It declares that it has seen nothing beside its corpus, and says nothing of the corpus itself."""
    fields = {"corpus": "images", "pretraining_data": ["none"], "variants": {"all": {}}}
    monkeypatch.setenv("PYTHONPATH", write_method(methods, METHOD, **fields)["PYTHONPATH"])
    monkeypatch.setattr(submissions, "__path__", [str(methods), *submissions.__path__])
    monkeypatch.setenv("GOOD", str(good))
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    corpus = write_corpus(tmp_path / "corpora" / "nih", display_name="NIH")
    call = Caller(tmp_path / "workspace", tmp_path / "runs")
    assert call(corpus=lambda need: corpus, pretraining_data=("Object-CXR",)) is not None
    assert read_manifest(call.root).provenance.pretraining_data == ["object-cxr", "NIH"]
    again = {"corpus": lambda need: corpus, "pretraining_data": ("Object-CXR",)}
    assert call(**again) is None, "made from the same inputs"
    with pytest.raises(SubmissionError, match="is not replaced: pre-training data was not given, is siim"):
        call(**again | {"pretraining_data": ("SIIM",)})
    with pytest.raises(SubmissionError, match="--pretraining-data: "):
        call(**again | {"pretraining_data": ("nothing known",)})
    found = describe(["mine"], methods, call.root.parent)["mine"]
    marks = {item.dataset: item.mark for item in found.overlaps["public"]}
    clean = [name for name, mark in marks.items() if mark == "clean"]
    assert clean == ["covid-rural", "vindr-cxr", "tbx11k", "chexlocalize", "jsrt"]
    assert set(marks.values()) == {"clean", "overlapping"}


@pytest.mark.slow
def test_a_run_that_states_another_seed_is_rejected(call: Caller) -> None:
    result = call(seed=2)
    assert result is not None
    assert result.verdict.verdict is Verdict.REJECTED
    assert result.verdict.reasons == [
        "backbone.json says seed 1, the run had 2: state that, or leave the field out"
    ]
    assert not call.root.exists()
