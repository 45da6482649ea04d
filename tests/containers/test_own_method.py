"""A method of one's own on the real engine: one folder in both places, packages from pip, bases that are not there."""

from __future__ import annotations

import zipfile
from pathlib import Path

import docker
import pytest

from lovt_bench.benchmark.runtime.image import build_image
from lovt_bench.benchmark.submission.read import SubmissionError
from lovt_bench.benchmark.submission.scaffold import new_container
from tests.containers import images

TAG = "lovt-bench-test-own-method"


def write_wheel(path: Path) -> Path:
    """Write a package of one module, as pip takes it."""
    facts = {
        "METADATA": "Metadata-Version: 2.1\nName: tiny-extra\nVersion: 1.0\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny_extra.py", "WORD = 'installed'\n")
        for name, text in facts.items():
            wheel.writestr(f"tiny_extra-1.0.dist-info/{name}", text)
        record = "".join(f"{one},,\n" for one in [*wheel.namelist(), "tiny_extra-1.0.dist-info/RECORD"])
        wheel.writestr("tiny_extra-1.0.dist-info/RECORD", record)
    return path


def run(engine: docker.DockerClient, image: str, *command: str) -> str:
    output = engine.containers.run(
        image, list(command[1:]), entrypoint=command[0], mounts=[images.site_mount()], network_mode="none",
        read_only=True, tmpfs={"/tmp": "size=64m"}, remove=True,
    )  # fmt: skip
    return output.decode()


def test_the_lines_that_a_new_recipe_shows_install_a_package(
    engine: docker.DockerClient, base_image: str, tmp_path: Path
) -> None:
    """They stand there as a comment; only what is installed is another: CI asks no index for packages."""
    folder = new_container("my-method", tmp_path)
    write_wheel(folder / "tiny_extra-1.0-py3-none-any.whl")
    recipe = (folder / "Dockerfile").read_text()
    shown = ["# USER root\n", "# RUN pip install", "# USER 1000:1000\n"]
    assert all(line in recipe for line in shown)
    for line in shown:
        recipe = recipe.replace(line, line.removeprefix("# "))
    wheel = "/tmp/tiny_extra-1.0-py3-none-any.whl"
    recipe = recipe.replace("USER root\n", "USER root\nCOPY *.whl /tmp/\n").replace("einops==0.8.1", wheel)
    (folder / "Dockerfile").write_text(recipe)
    image = build_image(engine, folder, "Dockerfile", TAG, base=base_image, network="none")
    try:
        said = run(
            engine, image.digest, "python", "-c", "import os, tiny_extra; print(tiny_extra.WORD, os.getuid())"
        )
        assert said.split() == ["installed", "1000"]
        said = run(engine, image.digest, "python", "-m", "submissions.my_method.pretrain", "--help")
        assert "--input" in said
    finally:
        engine.images.remove(TAG)


def test_a_base_that_the_engine_lacks_is_said_before_anything_is_built(
    engine: docker.DockerClient, tmp_path: Path
) -> None:
    """Else the engine would ask a registry for it, and name that in its answer."""
    folder = new_container("mine", tmp_path)
    with pytest.raises(SubmissionError) as caught:
        build_image(engine, folder, "Dockerfile", TAG, base="lovt-bench-base-cuda")
    assert str(caught.value) == (
        "the engine has no image lovt-bench-base-cuda; `make docker BASE=base-cuda` builds it"
    )
    (folder / "Dockerfile").write_text("FROM nobody-has/this:1\nCMD x\n")
    with pytest.raises(SubmissionError, match=r"pull it first \(`docker pull nobody-has/this:1`\)"):
        build_image(engine, folder, "Dockerfile", TAG)
