"""The harness image alone makes the records of this checkout, to the bit: who has no checkout misses nothing."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import docker
import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main
from tests.containers import images

SCRIPT = images.REPOSITORY / ".ci" / "try-harness"
TAG = "lovt-bench-test-harness-alone"
COST = ("seconds", "peak_memory_bytes", "finished")
COST_OF_MACHINE = ("peak_host_bytes", "forward_images_per_second")


def commands() -> list[list[str]]:
    """The commands of the script, for this checkout; the image's workspace is /workspace."""
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("lovt_bench ")]


def records(workspace: Path) -> list[dict[str, Any]]:
    """The records of a workspace without what a run costs; predictions are in them by digest."""
    kept = []
    for file in sorted((workspace / "results/phantom/random").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            for name in COST:
                del record[name]
            for name in COST_OF_MACHINE:
                record["made_with"].pop(name, None)
            kept.append(record)
    return kept


def test_the_page_shows_what_the_script_does() -> None:
    page = (images.REPOSITORY / "docker/README.md").read_text(encoding="utf-8")
    shown = [shlex.split(line)[1:] for line in page.splitlines() if line.startswith("    lovt_bench ")]
    assert shown == commands()


@pytest.mark.slow
def test_the_image_alone_makes_the_records_of_this_checkout(
    engine: docker.DockerClient, base_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images.build(engine, "docker/harness/Dockerfile", TAG, BASE_IMAGE=base_image)
    site = images.site_mount()
    threads = os.environ.get("OMP_NUM_THREADS", "1")
    options = ("-v", f"{site['Source']}:{site['Target']}:ro", "-e", f"OMP_NUM_THREADS={threads}")
    command = [str(SCRIPT), TAG, str(tmp_path / "image"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    engine.images.remove(TAG)
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.setenv("LOVT_BENCH_WORKSPACE", str(tmp_path / "here"))
    for arguments in commands():
        here = [argument.replace("/workspace", str(tmp_path / "here")) for argument in arguments]
        said = CliRunner().invoke(main, here)
        assert said.exit_code == 0, said.output
    assert (tmp_path / "image/versions/dev/index.html").is_file()
    found = records(tmp_path / "image")
    assert len(found) == 8
    assert all(record["predictions"]["sha256"] for record in found if record["run"]["phase"] == "final")
    assert found == records(tmp_path / "here")
