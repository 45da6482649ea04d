"""The Docker Engine: reached through the SDK, and told apart from what runs in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from docker import DockerClient

Kind = Literal["docker", "apptainer", "process"]
T = TypeVar("T")

ATTEMPTS = 3
"""How often a question is put to an engine that does not answer, and a run is started that the engine broke."""


class EngineError(RuntimeError):
    """The engine cannot be reached or failed by itself: never a submission's fault."""


def connect(timeout: float = 60.0) -> DockerClient:
    """Return a client of the engine that `DOCKER_HOST` or the default socket names; it has answered once.

    Args:
        timeout: Seconds to wait for any answer.

    Raises:
        EngineError: The SDK is not installed, or no engine answers; the message says what to do.
    """
    try:
        # A folder `docker/` in the working directory looks like the SDK where that is not installed.
        from docker import from_env
        from docker.errors import DockerException
    except ImportError as error:
        raise EngineError("the Docker SDK is not installed: pip install 'lovt-bench[containers]'") from error
    try:
        client = from_env(timeout=timeout)
        client.ping()
    except (DockerException, OSError) as error:
        raise EngineError(
            f"no Docker Engine answers ({_short(error)}); start it, or name its socket with DOCKER_HOST"
        ) from error
    return client


def choose(asked: Literal["auto", "docker", "process"], *, external: bool) -> tuple[Kind, str]:
    """Return the runtime to take and why, in one line for the user.

    Args:
        asked: What the user said.
        external: Whether the code is not this repository's own; it needs a container.

    Raises:
        EngineError: A container is needed and no engine answers.
        ValueError: A process is asked for and the code is not this repository's own.
    """
    if asked == "process":
        if external:
            raise ValueError(
                "--runtime process is for this repository's own methods: a process has all your powers. "
                "Code from elsewhere runs with --runtime docker, or --runtime apptainer --image FILE"
            )
        return "process", "process, as asked: not isolated, with your powers"
    if asked == "docker" or external:
        try:
            found = _product()
        except EngineError as error:
            raise EngineError(f"{error}; --runtime apptainer --image FILE needs none") from error
        return "docker", found + ("" if asked == "docker" else ": code from elsewhere needs it")
    try:
        return "docker", f"{_product()}: an engine answers"
    except EngineError as error:
        return "process", f"process, not isolated: {error}"


def ask(question: Callable[[], T]) -> T:
    """Return what the engine answers; asks again where the connection broke.

    Raises:
        EngineError: It did not answer, or answered with an error of its own (5xx).
        docker.errors.APIError: It answered with an error of the asker's (4xx).
    """
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    attempt = 0
    while True:
        attempt += 1
        try:
            return question()
        except APIError as error:
            if error.response is not None and error.response.status_code < 500:
                raise
            raise EngineError(f"the Docker Engine failed: {_short(error)}") from error
        except (RequestException, DockerException, OSError) as error:
            if attempt >= ATTEMPTS:
                raise EngineError(f"the Docker Engine does not answer any more: {_short(error)}") from error
            time.sleep(0.2 * attempt)


def product(client: DockerClient) -> str:
    """Return whose engine it is, and its version: `docker 28.2.2`, or `podman 4.3.1`, whose service answers the same.

    Raises:
        EngineError: It does not answer.
    """
    # Podman's answer to `version` takes seconds: it asks the package manager of whom its programs are.
    said = ask(lambda: client.api.get(f"{client.api.base_url}/_ping")).headers.get("Server", "")
    name, _, version = said.partition(" ")[0].partition("/")
    return f"{'podman' if name == 'Libpod' else 'docker'} {version}".strip()


def _product() -> str:
    client = connect(timeout=10)
    try:
        return product(client)
    finally:
        client.close()


def _short(error: BaseException) -> str:
    from lovt_bench.benchmark.contract.untrusted import clean_text

    return clean_text(str(error) or type(error).__name__, 300)
