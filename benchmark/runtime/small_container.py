"""A container of seconds, to see what an engine does: run, read, and gone."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lovt_bench.benchmark.runtime.engine import ask
from lovt_bench.benchmark.runtime.leftovers import OWNER, owner

if TYPE_CHECKING:
    from docker import DockerClient

IMAGES = (
    "lovt-bench-base", "lovt-bench-base-cuda", "lovt-bench-test-os", "python:3.11-slim", "debian", "ubuntu", "busybox",
    "alpine",
)  # fmt: skip
"""Images with a shell to try an engine with, the first one that is here."""
SECONDS = 20
LINES = 200


def local_image(client: DockerClient) -> str | None:
    """Return the first of `IMAGES` that the engine has.

    Raises:
        EngineError: The engine failed.
    """
    tags = [tag for image in ask(client.images.list) for tag in image.tags]
    for wanted in IMAGES:
        for tag in tags:
            if tag == wanted or tag.rsplit(":", 1)[0] == wanted:
                return str(tag)
    return None


def run_small(
    client: DockerClient, image: str, script: str, *, seconds: float = SECONDS, **options: Any
) -> tuple[dict[str, Any], str]:
    """Return the final state and the output of a shell script in a container, which is gone afterwards.

    Args:
        client: The engine.
        image: A local one with a shell.
        script: For `sh -c`.
        seconds: That it may take.
        options: Options of the container.

    Raises:
        docker.errors.DockerException, requests.RequestException: it cannot be made or started, or takes too long.
    """
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    container = client.containers.create(
        image, ["-c", script], entrypoint="sh", labels={OWNER: owner()}, **options
    )
    try:
        container.start()
        container.wait(timeout=seconds)
        output = container.logs(stdout=True, stderr=False, tail=LINES).decode("utf-8", errors="replace")
        container.reload()
        return container.attrs["State"], output
    finally:
        # What hangs in a driver cannot be killed; its label has it removed before a later run.
        with suppress(DockerException, RequestException):
            container.remove(force=True, v=True)
