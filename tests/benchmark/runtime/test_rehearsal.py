"""A rehearsal of a method in a process: what is planted comes out as the error of its stage, and nothing stays."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.contract.run_contract import Limits, RunParameters
from lovt_bench.benchmark.runtime.inputs import PretrainInputs
from lovt_bench.benchmark.runtime.outputs import Outputs
from lovt_bench.benchmark.runtime.process import ProcessRuntime
from lovt_bench.benchmark.runtime.rehearsal import Rehearsal
from lovt_bench.benchmark.runtime.rehearsal_passed import identity, is_rehearsed, remember
from lovt_bench.benchmark.runtime.runs import Run
from lovt_bench.benchmark.runtime.stamp import Known

METHOD = """
import json, os, shutil, signal, sys, time
from pathlib import Path
assert os.environ["LOVT_BENCH_REHEARSAL"] == "1"
assert float(os.environ["LOVT_BENCH_FRACTION"]) == 1
output = Path(sys.argv[sys.argv.index("--output") + 1])
last = output / "checkpoints" / "last"
resumed = os.environ.get("LOVT_BENCH_RESUME") == "1"
signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
def say(**event): print(json.dumps(event), flush=True)
def train(epochs):
    say(event="start", epochs=epochs, steps=2)
    for epoch in range(int(last.read_text()) if resumed else 0, epochs):
        say(event="progress", epoch=epoch + 1, step=2)
        say(event="epoch", epoch=epoch + 1, epochs=epochs, values={"loss": 1 / (epoch + 1)})
        last.parent.mkdir(exist_ok=True)
        last.write_text(str(epoch + 1))
        if not resumed: time.sleep(30)
def export(): shutil.copytree(GOOD, output / "backbone")
"""

INPUTS = PretrainInputs(
    method="mine", method_sha256="m", seed=1, variant=None, fraction=0.3, profile="paper", settings={},
    corpus_sha256=None,
)  # fmt: skip
KNOWN = Known(
    name="mine", display_name="Mine", method="mine", variant=None, profile="paper", fraction=None, seed=1,
    corpus_sha256=None, inputs_sha256=INPUTS.digest(), pretraining_data=(), image_digest=None, seconds=0.0,
    peak_memory_bytes=None,
)  # fmt: skip

Lines = dict[str, list[str]]
Hold = Callable[..., tuple[dict[str, Finding], Lines]]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backbone that nothing is wrong with, but for what `METHOD` makes of it."""
    folder = tmp_path_factory.mktemp("good") / "good"
    save_backbone(
        folder,
        random_draw("resnet18", 0),
        display_name="Good",
        provenance=Provenance(method="mine"),
        onnx=False,
    )
    return folder


@pytest.fixture
def hold(tmp_path: Path, methods: Path, good: Path, monkeypatch: pytest.MonkeyPatch) -> Hold:
    """Rehearse a script; returns the findings by stage and the lines shown with each, once nothing is left."""
    monkeypatch.setenv("PYTHONPATH", str(methods))
    place = tmp_path / "workspace" / "pretraining" / "rehearsal"

    def start(
        script: str, *, seconds: float = 60, head: str = "", **limits: int
    ) -> tuple[dict[str, Finding], Lines]:
        (methods / "a_method.py").write_text(f"{head}\nGOOD = {str(good)!r}\n{METHOD}\n{script}")
        shown: Lines = {}

        def show(finding: Finding, seconds: float, lines: Sequence[str]) -> None:
            shown[finding.subject] = list(lines)

        parameters = RunParameters(name="mine", seed=1, fraction=0.3, profile="paper", device="cpu")
        given = {"grace_seconds": 2, "reserve_bytes": 0, **limits}
        run = Run(parameters, tmp_path, tmp_path / "real", limits=Limits.model_validate(given))
        rehearsal = Rehearsal(ProcessRuntime("a_method"), run, KNOWN, INPUTS, place, seconds, None, show)
        try:
            found = rehearsal.hold()
        finally:
            assert list(place.parent.iterdir()) == []
            assert not (tmp_path / "real").exists()
        return {each.subject: each for each in found}, shown

    return start


def levels(found: dict[str, Finding]) -> dict[str, str]:
    return {subject: finding.level for subject, finding in found.items()}


def test_a_method_that_works_passes_every_stage(hold: Hold):
    found, _ = hold("train(2); export()")
    stages = ["start", "steps", "stop", "resume", "export", "check", "space"]
    assert levels(found) == dict.fromkeys(stages, "ok"), found
    assert found["steps"].message == "epoch 1, loss 1"
    assert "exit code 75" in found["stop"].message
    assert found["resume"].message == "went on with epoch 2"


def test_a_missing_package_is_the_error_of_the_start_with_its_traceback(hold: Hold):
    found, shown = hold("", head="import absent.part")
    assert levels(found) == {"start": "error"}
    assert found["start"].message == "ended with exit code 1"
    assert "what brings absent into this environment" in found["start"].advice
    assert shown["start"][-1] == "ModuleNotFoundError: No module named 'absent'"


def test_a_loss_that_is_not_finite_is_the_error_of_the_steps(hold: Hold):
    script = (
        "say(event='start'); say(event='progress', step=1, values={'loss': float('nan')}); train(2); export()"
    )
    found, _ = hold(script)
    assert found["steps"].level == "error"
    assert "the value loss that it reports is not finite" in found["steps"].message
    assert "resume" not in found, "what comes after an error is not tried"


def test_a_crash_in_the_last_line_is_the_error_of_the_export(hold: Hold):
    found, shown = hold("train(2); exprt()")
    assert levels(found) == {"start": "ok", "steps": "ok", "stop": "ok", "resume": "ok", "export": "error"}
    assert shown["export"][-1].startswith("NameError: name 'exprt' is not defined")


def test_a_crash_after_a_flood_of_log_is_shown_with_its_traceback(hold: Hold):
    found, shown = hold("say(event='start'); print('word ' * 20 + '\\n', end='', flush=True)\n"
                        "for _ in range(200): print('word ' * 20)\nexprt()", log_bytes=4000)  # fmt: skip
    assert found["steps"].level == "error"
    assert shown["steps"][-1].startswith("NameError: name 'exprt' is not defined")


def test_a_crash_in_the_last_line_of_a_method_without_checkpoints(hold: Hold):
    found, _ = hold("say(event='start'); say(event='epoch', epoch=1, epochs=1); exprt()")
    assert levels(found) == {"start": "ok", "steps": "ok", "export": "error"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("said['levels'][2]['channels'] = 7", "levels"),
        (
            "(output / 'backbone' / 'backbone.safetensors').rename(output / 'backbone' / 'weights.pt')",
            "weights.pt",
        ),
    ],
)
def test_a_wrong_level_or_name_is_the_error_of_the_check(hold: Hold, change: str, message: str):
    change = f"path = output / 'backbone' / 'backbone.json'; said = json.loads(path.read_text()); {change}"
    found, _ = hold(f"train(2); export(); {change}; path.write_text(json.dumps(said))")
    assert found["export"].level == "ok"
    assert found["check"].level == "error"
    assert message in found["check"].message


def test_weights_that_are_nan_are_the_error_of_the_check(hold: Hold, good: Path):
    spoilt = spoil(good)
    try:
        found, _ = hold(f"GOOD = {str(spoilt)!r}; train(2); export()")
    finally:
        shutil.rmtree(spoilt)
    assert found["check"].level == "error"
    assert "NaN" in found["check"].message


def spoil(good: Path) -> Path:
    """Copy a backbone, one weight of it NaN, with digests that are right."""
    import hashlib

    import torch
    from safetensors.torch import load_file, save_file

    spoilt = good.with_name("spoilt")
    shutil.copytree(good, spoilt)
    path, manifest = spoilt / "backbone.safetensors", spoilt / "backbone.json"
    state = load_file(path)
    next(value for value in state.values() if value.is_floating_point()).view(-1)[0] = torch.nan
    save_file(state, path)
    said = json.loads(manifest.read_text())
    said["weights_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(said))
    return spoilt


def test_a_method_without_checkpoints_is_warned_of_and_what_it_left_is_checked(hold: Hold):
    found, _ = hold("say(event='start')")
    assert found["stop"].level == "warning"
    assert "cannot be resumed: a run that is cut off begins anew" in found["stop"].message
    assert (found["check"].level, found["export"].level) == ("error", "ok")
    assert "it left no folder backbone/" in found["check"].message
    assert "resume" not in found


def test_a_method_without_a_handler_is_ended_by_the_signal_and_goes_on(hold: Hold):
    found, _ = hold("signal.signal(signal.SIGTERM, signal.SIG_DFL); train(2)")
    assert found["stop"].message.startswith("ended by SIGTERM itself")
    assert (found["stop"].level, found["resume"].level, found["export"].level) == ("ok", "ok", "ok")


def test_a_method_that_begins_anew_is_warned_of(hold: Hold):
    found, _ = hold("last.write_text('0') if resumed else None; train(1)")
    assert found["resume"].level == "warning"
    assert "began anew with epoch 1" in found["resume"].message
    assert found["export"].level == "ok"


def test_a_method_that_hangs_is_an_error_and_one_that_is_slow_a_warning(hold: Hold):
    found, _ = hold("say(event='start'); time.sleep(60)", seconds=3)
    assert levels(found) == {"start": "ok", "steps": "error"}
    assert "said nothing for" in found["steps"].message
    slow = "say(event='start')\nwhile True: say(event='progress', step=1); time.sleep(0.1)"
    found, _ = hold(slow, seconds=3)
    assert levels(found) == {"start": "ok", "steps": "warning"}
    assert "still at work after 3 s" in found["steps"].message


def test_an_output_without_room_is_an_error_of_its_stage(hold: Hold):
    found, _ = hold("say(event='start'); time.sleep(30)", reserve_bytes=1 << 60)
    assert found["space"].level == "error"
    found, _ = hold(
        "say(event='start'); (output / 'x').write_bytes(bytes(9 << 20)); time.sleep(30)", output_bytes=1 << 20
    )
    assert found["steps"].level == "error"
    assert "holds more than 1 MiB" in found["steps"].message


def test_ctrl_c_ends_it_and_leaves_nothing(hold: Hold, tmp_path: Path):
    def stop() -> None:
        for _ in range(1200):
            if list(tmp_path.glob("workspace/pretraining/.tmp-*/pretraining/mine/begun")):
                break
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=stop, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        hold("(output / 'begun').touch(); time.sleep(60)")


def test_what_was_rehearsed_is_remembered_until_something_differs(tmp_path: Path):
    outputs, runtime = Outputs(tmp_path / "mine"), ProcessRuntime("a_method")
    this = identity(INPUTS, runtime, "cpu")
    assert not is_rehearsed(outputs, this)
    remember(outputs, this)
    assert is_rehearsed(outputs, this)
    assert not is_rehearsed(outputs, identity(INPUTS, runtime, "cuda"))
    assert not is_rehearsed(Outputs(tmp_path / "other"), this)
