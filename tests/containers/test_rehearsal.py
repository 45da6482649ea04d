"""Rehearsals of methods from elsewhere in containers: a shell script that passes, and what is missing in one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from lovt_bench.benchmark.cli.pretrain_view import Terminal
from lovt_bench.benchmark.contract.run_contract import GIB, MIB, Limits
from lovt_bench.benchmark.runtime.execute import execute
from lovt_bench.benchmark.runtime.leftovers import OWNER, owner
from lovt_bench.benchmark.runtime.rehearse import RehearsalError
from lovt_bench.benchmark.runtime.request import Request
from tests.containers import images
from tests.containers.attacks import KNOWN
from tests.submissions.tiny_corpus import write_corpus

LIMITS = Limits(
    memory_bytes=GIB, cpus=1, pids=64, shared_memory_bytes=64 * MIB, scratch_bytes=64 * MIB, reserve_bytes=0
)
SHELL = """
trap 'exit 75' TERM
test "$LOVT_BENCH_REHEARSAL$LOVT_BENCH_FRACTION" = 11.0
test -s /input/corpus.json
echo '{"event": "start"}'
if [ -z "$LOVT_BENCH_RESUME" ]; then
  mkdir -p /output/checkpoints
  echo 1 > /output/checkpoints/epoch
  echo '{"event": "epoch", "epoch": 1, "epochs": 2, "values": {"loss": 0.5}}'
  i=0; while [ $i -lt 300 ]; do sleep 0.1; i=$((i + 1)); done
fi
test "$(cat /output/checkpoints/epoch)" = 1
echo '{"event": "epoch", "epoch": 2, "epochs": 2}'
cp -r /submission/weights /output/backbone
"""

Ask = Callable[[str, str], str]


@pytest.fixture
def rehearse(
    engine: docker.DockerClient,
    base_image: str,
    tmp_path: Path,
    good: Path,
    capsys: pytest.CaptureFixture[str],
) -> Ask:
    """Build a method of one script and rehearse it; returns what was printed, once nothing is left."""
    workspace, folder = tmp_path / "workspace", tmp_path / KNOWN.method

    def start(program: str, script: str) -> str:
        folder.mkdir()
        declared = {"name": KNOWN.method, "display_name": "Mine", "supervision": "unknown"}
        learns = {"corpus": "images", "variants": {"100": {}}}
        (folder / "submission.yaml").write_text(json.dumps({**declared, **learns}))
        shutil.copytree(good, folder / "weights")
        (folder / "script").write_text(script)
        (folder / "Dockerfile").write_text(
            f'FROM {base_image}\nCOPY . /submission\nENTRYPOINT ["{program}", "/submission/script"]\n'
        )
        corpus = write_corpus(workspace / "corpora" / "tiny", train=20)
        request = Request(
            method=str(folder), variant=None, fraction=None, profile="paper", seed=1, settings={}, name=None,
            resume=False, force=False, device="cpu", devices=None, workers=None, time_limit=None, hard_limit=None,
            wandb=None, online_evaluation=True, runtime="docker", image=None, base_image=None,
            build_network="none", limits=LIMITS, assets=None, workspace=workspace, corpus=lambda need: corpus,
            more_mounts=[images.site_mount()], tags="lovt-bench-test", rehearse=True,
        )  # fmt: skip
        try:
            assert execute(request, Terminal()) is None
        finally:
            assert not engine.containers.list(all=True, filters={"label": f"{OWNER}={owner()}"})
            assert [path.name for path in (workspace / "pretraining").iterdir()] == [".runs"]
            assert not (workspace / "backbones").exists()
        return capsys.readouterr().out

    return start


def test_a_shell_script_is_stopped_goes_on_and_passes(rehearse: Ask) -> None:
    said = rehearse("sh", SHELL)
    assert "ok       build: sha256:" in said
    assert "training images of tiny corpus" in said
    assert "ok       steps: epoch 1, loss 0.5" in said
    assert "ok       stop: exit code 75 after SIGTERM" in said
    assert "ok       resume: went on with epoch 2" in said
    assert "ok       check: the backbone follows the contract" in said
    assert "rehearsal passed in" in said


@pytest.mark.parametrize(
    ("script", "line", "advice"),
    [
        (
            "import absent",
            "ModuleNotFoundError: No module named 'absent'",
            "what brings absent into the image",
        ),
        (
            "import urllib.request\nurllib.request.urlopen('https://example.org/weights')",
            "urllib.error.URLError",
            "a container has no network: put the files that it loads into WORKSPACE/assets",
        ),
    ],
)
def test_what_is_missing_is_the_error_of_the_start(
    rehearse: Ask, capsys: pytest.CaptureFixture[str], script: str, line: str, advice: str
) -> None:
    with pytest.raises(RehearsalError, match="the rehearsal found 1 error"):
        rehearse("python3", script)
    said = capsys.readouterr().out
    assert "error    start: ended with exit code 1" in said
    assert f"         | {line}" in said
    assert advice in said
