"""A real engine, or a skip with the reason; in CI a failure."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import docker
import pytest

from lovt_bench.benchmark.runtime.apptainer_command import find_program
from lovt_bench.benchmark.runtime.sif import Sif, find_sif
from tests.containers import images
from tests.containers.attacks import Suspect, build_suspect, write_good


def unavailable(reason: str) -> NoReturn:
    """Skip, or fail where an engine is required (`CI` or `LOVT_BENCH_REQUIRE_DOCKER` is set)."""
    if os.environ.get("CI") or os.environ.get("LOVT_BENCH_REQUIRE_DOCKER"):
        pytest.fail(f"container tests must run here: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """A client of the engine that DOCKER_HOST or the default socket names."""
    try:
        client = docker.from_env(timeout=120)
        client.ping()
    except (docker.errors.DockerException, OSError) as error:
        unavailable(f"no Docker Engine answers ({error}); `.ci/engine start DIR` starts a private one")
    yield client
    client.close()


@pytest.fixture(scope="session")
def base_image(engine: docker.DockerClient) -> str:
    """Name of docker/base/Dockerfile's image; containers of it need `images.site_mount()`."""
    try:
        return images.build_base(engine)
    except images.NoBaseImageError as error:
        unavailable(str(error))


@pytest.fixture(scope="session")
def method_image(engine: docker.DockerClient, base_image: str) -> Callable[[str], str]:
    """Build the image of one of this repository's methods and return its name."""
    return lambda method: images.build_method(engine, method)


@pytest.fixture(scope="session")
def os_image(engine: docker.DockerClient) -> str:
    """Name of an image whose Python can load the wheels of the running one."""
    try:
        return images.os_image(engine)
    except images.NoBaseImageError as error:
        unavailable(str(error))


@pytest.fixture(scope="session")
def suspect_image(engine: docker.DockerClient, os_image: str) -> Iterator[str]:
    # A tag of its own for each process: images are shared, and the last tag takes the image with it.
    tag = f"lovt-bench-test-suspect-{os.getpid()}"
    yield build_suspect(engine, os_image, tag)
    engine.images.remove(tag)


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_good(tmp_path_factory.mktemp("good") / "good")


@pytest.fixture(scope="session")
def suspect_sif(engine: docker.DockerClient, suspect_image: str) -> Iterator[Sif | None]:
    """The same image for Apptainer, where LOVT_BENCH_TEST_APPTAINER is set (.ci/with-apptainer)."""
    if "LOVT_BENCH_TEST_APPTAINER" not in os.environ:
        yield None
        return
    with open_folder() as folder:
        with (folder / "image.tar").open("wb") as file:
            file.writelines(engine.images.get(suspect_image).save(named=True))
        yield find_sif(find_program(), folder / "image.tar", folder, lambda line: None)


@contextmanager
def open_folder() -> Iterator[Path]:
    """Yield a folder that every user gets into: Apptainer and a rootless engine may be another one."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def suspect(engine: docker.DockerClient, suspect_image: str, suspect_sif: Sif | None) -> Iterator[Suspect]:
    with open_folder() as folder:
        yield Suspect(engine, suspect_image, folder / "workspace", sif=suspect_sif)
