"""`make docker` on the real engine, on a base that is made here: the recipes of a user's machine without pip."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.containers import images

METHODS = sorted(path.parent.name for path in (images.REPOSITORY / "submissions").glob("*/Dockerfile"))
PREFIX = "lovt-bench-test-make"


@pytest.fixture(scope="module")
def made(engine: docker.DockerClient, base_image: str) -> Iterator[str]:
    """Output of `make docker`; its images are removed afterwards."""
    command = ["make", "docker", f"IMAGES={PREFIX}", f"BASE_IMAGE={images.os_image(engine)}", "STACK=mounted"]
    result = subprocess.run(command, cwd=images.REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    yield result.stdout
    for name in [*METHODS, "harness", "base"]:
        engine.images.remove(f"{PREFIX}-{name}")


def run(engine: docker.DockerClient, image: str, *command: str, **options: object) -> str:
    """Return what a container of a test image prints; it has no network and no writable file but /tmp."""
    output = engine.containers.run(
        image, list(command), mounts=[images.site_mount()], network_mode="none", read_only=True,
        tmpfs={"/tmp": "size=64m"}, remove=True, stderr=True, **options,
    )  # fmt: skip
    return output.decode()


def test_make_docker_builds_base_harness_and_every_method(engine: docker.DockerClient, made: str) -> None:
    for name in ["base", "harness", *METHODS]:
        assert engine.images.get(f"{PREFIX}-{name}").attrs["Config"]["User"] == "1000:1000"
        assert f"== {PREFIX}-{name}" in made


def test_an_image_holds_what_methods_may_import_and_nothing_else(
    engine: docker.DockerClient, made: str
) -> None:
    listing = run(
        engine, f"{PREFIX}-lovt", "-c", "cd /opt/lovt-bench; ls -1 . benchmark submissions", entrypoint="sh"
    )
    shared = {path.name for path in (images.REPOSITORY / "benchmark").glob("*.py")}
    assert set(listing.split()) == shared | {
        ".:", "benchmark", "submissions", "benchmark:", "backbone", "contract", "disk", "submissions:", "common",
        "lovt",
    }  # fmt: skip


@pytest.mark.parametrize("method", ["lovt", "imagenet"])
def test_a_method_image_starts_as_nobody_special_on_a_read_only_root(
    engine: docker.DockerClient, made: str, method: str
) -> None:
    said = run(engine, f"{PREFIX}-{method}", "--help", user="12345:12345")
    assert "--input" in said
    assert "--output" in said


def test_the_gpu_base_builds_and_runs_the_same_methods(engine: docker.DockerClient, base_image: str) -> None:
    """On the base that is made here; that CUDA's own image does as well needs a registry and a GPU."""
    tag = f"{PREFIX}-base-cuda"
    recipe = "docker/base-cuda/Dockerfile"
    images.build(engine, recipe, tag, BASE_IMAGE=images.os_image(engine), STACK="mounted")
    said = run(
        engine, tag, "python", "-c", "import lovt_bench.benchmark.contract.backbone as b; print(b.__file__)"
    )
    engine.images.remove(tag)
    assert said.strip() == "/opt/lovt-bench/benchmark/contract/backbone.py"


def test_the_harness_image_answers_by_name_and_version(engine: docker.DockerClient, made: str) -> None:
    assert "Usage: lovt-bench" in run(engine, f"{PREFIX}-harness", "--help")
    assert run(engine, f"{PREFIX}-harness", "--version").split()[0] == "lovt-bench"
    assert "lovt" in run(engine, f"{PREFIX}-harness", "tasks", "--help").lower()


def test_a_change_to_a_method_rebuilds_one_layer(
    engine: docker.DockerClient, base_image: str, tmp_path: Path
) -> None:
    """Named: time from an edited pretrain.py to the new image; everything below comes from the cache."""
    recipe = (images.REPOSITORY / "submissions/lovt/Dockerfile").read_text(encoding="utf-8")
    (tmp_path / "Dockerfile").write_text(recipe, encoding="utf-8")
    (tmp_path / "submission.yaml").write_text("name: lovt\n", encoding="utf-8")
    layers = []
    for version in (1, 2):
        (tmp_path / "pretrain.py").write_text(f"VERSION = {version}\n", encoding="utf-8")
        begun = time.monotonic()
        image = images.build(engine, "Dockerfile", f"{PREFIX}-edit", tmp_path, BASE_IMAGE=base_image)
        print(f"built in {time.monotonic() - begun:.1f} s")  # noqa: T201
        layers.append(image.attrs["RootFS"]["Layers"])
    engine.images.remove(f"{PREFIX}-edit")
    assert layers[0][:-1] == layers[1][:-1] == engine.images.get(base_image).attrs["RootFS"]["Layers"]
    assert layers[0][-1] != layers[1][-1]


def test_the_context_sent_to_the_engine_is_small() -> None:
    """Environments, workspaces and histories are gigabytes; `.dockerignore` lists what goes, not what stays."""
    ignored = docker.utils.build.exclude_paths(
        str(images.REPOSITORY),
        (images.REPOSITORY / ".dockerignore").read_text(encoding="utf-8").split("\n")[1:],
    )
    files = [images.REPOSITORY / name for name in ignored]
    size = sum(path.stat().st_size for path in files if path.is_file())
    assert size < 8 << 20, size
    tops = {name.split("/")[0] for name in ignored}
    assert tops <= {
        "benchmark", "docker", "leaderboard", "submissions", "tasks", "LICENSE", "README.md", "pyproject.toml",
        "Dockerfile", ".dockerignore",
    }  # fmt: skip
