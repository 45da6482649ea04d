"""Images of the tests: the repository's own Dockerfiles on a base that needs no download and no installation.

`docker/base/Dockerfile` is built with `STACK=mounted`: its Python looks for packages in /opt/site, and `site_mount()`
puts the running environment there, read-only. A runtime that starts such an image must be given that mount by its
caller, in Python; no command line offers it, so no submission of a user ever sees a folder of the host this way.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path
from typing import Any

import docker
from docker.types import Mount

REPOSITORY = Path(__file__).resolve().parents[2]
OS_IMAGE = "lovt-bench-test-os"
"""What `.ci/os-image` makes."""
PUBLIC_IMAGE = "python:3.11-slim"
BASE_IMAGE = "lovt-bench-test-base"
SITE = "/opt/site"
TINY_IMAGE = "lovt-bench-test-tiny"
TOOLS = (
    "sh",
    "cat",
    "chmod",
    "cp",
    "dd",
    "head",
    "id",
    "ln",
    "ls",
    "mkdir",
    "mkfifo",
    "mv",
    "rm",
    "sleep",
    "touch",
    "truncate",
)


class NoBaseImageError(RuntimeError):
    """No image to build on lies in the engine."""


def site_mount() -> Mount:
    """Return the mount that every container of a test image needs."""
    return Mount(target=SITE, source=sysconfig.get_paths()["purelib"], type="bind", read_only=True)


def os_image(engine: docker.DockerClient) -> str:
    """Return the name of an image whose Python can load the wheels of the running one.

    Raises:
        NoBaseImageError: Neither `.ci/os-image`'s nor the public one lies in the engine, or its Python differs.
    """
    for name in (os.environ.get("LOVT_BENCH_TEST_OS_IMAGE") or OS_IMAGE, PUBLIC_IMAGE):
        if engine.images.list(name):
            break
    else:
        raise NoBaseImageError(f"make one: `.ci/os-image {OS_IMAGE}` or `docker pull {PUBLIC_IMAGE}`")
    code = "import sys; print(*sys.version_info[:2], sep='.')"
    found = engine.containers.run(name, ["python3", "-c", code], network_mode="none", remove=True)
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if found.decode().strip() != here:
        raise NoBaseImageError(f"{name} has Python {found.decode().strip()}, the tests run with {here}")
    return name


def build(
    engine: docker.DockerClient, dockerfile: str, tag: str, context: Path = REPOSITORY, **arguments: str
) -> Any:
    """Build an image from a folder and return it; `arguments` are the Dockerfile's ARGs."""
    image, _ = engine.images.build(
        path=str(context), dockerfile=dockerfile, tag=tag, buildargs=arguments, network_mode="none", rm=True
    )
    return image


def build_base(engine: docker.DockerClient) -> str:
    """Build docker/base/Dockerfile without its installation and return its name; seconds when cached."""
    build(engine, "docker/base/Dockerfile", BASE_IMAGE, BASE_IMAGE=os_image(engine), STACK="mounted")
    return BASE_IMAGE


def build_method(engine: docker.DockerClient, method: str) -> str:
    """Build `submissions/METHOD/Dockerfile` on the test base and return the image's name."""
    tag = f"lovt-bench-test-{method}"
    build(engine, "Dockerfile", tag, REPOSITORY / "submissions" / method, BASE_IMAGE=BASE_IMAGE)
    return tag


def build_tiny(engine: docker.DockerClient) -> str:
    """Make an image of this machine's shell and a few tools, 5 MB, and return its name.

    For engines whose storage copies every layer. It runs the shell script in the variable ATTACK.
    """
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        files = {}
        for tool in TOOLS:
            program = shutil.which(tool)
            assert program is not None, tool
            files[f"bin/{tool}"] = program
            listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
            files |= {path.lstrip("/"): path for path in re.findall(r"/\S+", listed)}
        folders = {str(parent) for name in files for parent in Path(name).parents} - {"."}
        for name in sorted(folders | {"tmp", "input", "output", "assets"}):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for name, path in files.items():
            entry = archive.gettarinfo(str(Path(path).resolve()), name)
            entry.uid = entry.gid = 0
            with Path(path).open("rb") as file:
                archive.addfile(entry, file)
    entry_point = 'ENTRYPOINT ["sh", "-c", "exec sh -ec \\"$ATTACK\\""]'
    engine.api.import_image_from_data(content.getvalue(), TINY_IMAGE, "latest", changes=[entry_point])
    return TINY_IMAGE


def build_with(engine: docker.DockerClient, tag: str, name: str, program: str) -> str:
    """Add a script to the small image and return the name of the result; all of it but the script is shared."""
    if not engine.images.list(TINY_IMAGE):
        build_tiny(engine)
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for file, text in (("Dockerfile", f"FROM {TINY_IMAGE}\nCOPY {name} /bin/\n"), (name, program)):
            entry = tarfile.TarInfo(file)
            entry.size, entry.mode = len(text.encode()), 0o755
            archive.addfile(entry, io.BytesIO(text.encode()))
    context.seek(0)
    engine.images.build(fileobj=context, custom_context=True, tag=tag, rm=True)
    return tag
