"""`lovt-bench submission test`: a method of milliseconds from its folder to two numbers, and what its mistakes say."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.sources import random_draw
from lovt_bench.benchmark.cli.submission_trial import Trial
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.log import logger
from lovt_bench.benchmark.submission.find import find_submission
from tests.benchmark.runtime.own_method import write_method

SCRIPT = """
import hashlib, json, os, shutil, signal, struct, time
epochs = int(os.environ["LOVT_BENCH_REHEARSAL_EPOCHS"])
last = output / "checkpoints" / "last"
signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
resumed = os.environ.get("LOVT_BENCH_RESUME") == "1"
to_be_stopped = not resumed and "unbroken" not in str(output)
done, state = json.loads(last.read_text()) if resumed else (0, 1)
for epoch in range(done, epochs):
    state = (31 * state + epoch) % 251
    print(json.dumps({"event": "epoch", "epoch": epoch + 1, "epochs": epochs, "values": {"loss": 1}}), flush=True)
    last.parent.mkdir(exist_ok=True)
    last.write_text(json.dumps((epoch + 1, state)))
    time.sleep(60 if to_be_stopped else 0)
shutil.copytree(GOOD, output / "backbone")
weights, manifest = output / "backbone" / "backbone.safetensors", output / "backbone" / "backbone.json"
weights.write_bytes(weights.read_bytes()[:-4] + struct.pack("<f", state / 1000))
said = json.loads(manifest.read_text())
said["weights_sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
manifest.write_text(json.dumps(said))
"""
"""Its weights are a number that follows from the one before. The run that is to be stopped waits for it."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "good"
    save_backbone(
        folder, random_draw("resnet18", 0), display_name="Good", provenance=Provenance(), onnx=False
    )
    return folder


def run(
    place: Path, good: Path, change: tuple[str, str] = ("", ""), *options: str, **fields: object
) -> tuple[int, list[str], str]:
    """Test the method, with a change of its text: exit code, steps with their levels, all that was said."""
    script = f"GOOD = {str(good)!r}\n{SCRIPT.replace(*change)}"
    declared = {
        "supervision": "self",
        "pretraining_data": ["none"],
        "licence": "MIT",
        "profiles": {"demo": {}},
    }
    environment = write_method(place / "methods", script, **declared | fields)
    folder = place / "methods" / "mine"
    (folder / "README.md").write_text("# Mine\n\nNo paper: a method of a test.\n")
    (folder / "Dockerfile").write_text(
        'FROM lovt-bench-base\nCOPY *.py submission.yaml /opt/mine/\nENTRYPOINT ["python"]\n'
    )
    command = [sys.executable, "-m", "lovt_bench.benchmark.cli.main", "submission", "test", "mine"]
    done = subprocess.run(
        [*command, "--runtime", "process", "--workspace", str(place / "workspace"), *options],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment, "OMP_NUM_THREADS": "1"},
    )
    shown = [line for line in done.stdout.splitlines() if line.startswith(("ok ", "error "))]
    steps = [" ".join(line.split(":")[0].split()) for line in shown]
    return done.returncode, steps, done.stdout + done.stderr


@pytest.mark.slow
def test_a_method_that_works_goes_from_its_folder_to_two_numbers(tmp_path: Path, good: Path) -> None:
    # It starts from a backbone of the user's workspace, which the test reads and does not write.
    shutil.copytree(good, tmp_path / "workspace" / "backbones" / "first")
    given = ("copytree(GOOD", "copytree(os.environ['LOVT_BENCH_INITIAL']")
    code, steps, said = run(
        tmp_path, good, given, "--set", "initial_weights=first", corpus="images", variants={"100": {}}
    )
    assert code == 0, said
    stages = ["build", "corpus", "start", "steps", "stop", "resume", "export", "check", "space", "weights"]
    assert steps == [f"ok {step}" for step in ["folder", "phantom", *stages, "tasks", "evaluate"]], said
    assert "covid_linear" in said
    assert "rsna_frozen_100" in said
    assert "mine passed the test with 1 warning (check) in" in said
    assert [str(path.relative_to(tmp_path)) for path in (tmp_path / "workspace").glob("*/*")] == [
        "workspace/backbones/first"
    ]
    assert [path.name for path in (tmp_path / "workspace").iterdir()] == ["backbones"]


FORGETS = ("json.loads(last.read_text()) if", "(json.loads(last.read_text())[0], 1) if")
NEVER_SAVES = ("last.parent.mkdir(exist_ok=True)", "continue")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "step", "message"),
    [
        (FORGETS, "weights", "expected the weights of an unbroken run"),
        (NEVER_SAVES, "weights", "none was stopped"),
    ],
)
def test_a_method_that_does_not_go_on_where_it_was_stopped_fails(
    change: tuple[str, str], step: str, message: str, tmp_path: Path, good: Path
) -> None:
    code, steps, said = run(tmp_path, good, change, corpus="images", variants={"100": {}})
    assert code == 1, said
    assert [each for each in steps if each.startswith("error")] == [f"error {step}"], said
    assert message in " ".join(said.split())
    assert "passed the test" not in said


def test_a_folder_that_breaks_the_contract_is_not_run(tmp_path: Path) -> None:
    code, steps, said = run(tmp_path, tmp_path, supervision="selfish")
    assert (code, steps) == (1, ["error folder"]), said
    assert "supervision: Input should be 'none', 'general'" in said
    assert "found 'selfish'" in said


def test_images_that_cannot_be_drawn_leave_the_log_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "phantom").write_text("no folder")
    found = find_submission("random", tmp_path)
    trial = Trial(found, tmp_path, tmp_path, None, "demo", {}, 0)
    level = logger.level
    with pytest.raises((OSError, DataError)):
        trial.draw_tasks()
    assert logger.level == level
