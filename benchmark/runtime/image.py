"""Images of submissions: built by the engine, named by digest ever after."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.runtime.base_images import missing_bases, missing_text
from lovt_bench.benchmark.runtime.build_limit import limited
from lovt_bench.benchmark.runtime.engine import EngineError, ask
from lovt_bench.benchmark.submission.docker_context import ContextError, open_context
from lovt_bench.benchmark.submission.dockerfile_rules import SIZE_LIMIT
from lovt_bench.benchmark.submission.read import SubmissionError

if TYPE_CHECKING:
    from docker import DockerClient

BUILD_SECONDS = 2 * 3600.0
"""Time of a build. An installation of torch over a slow line takes some minutes of it."""


@dataclass(frozen=True)
class Image:
    """An image as it will be run: its digest cannot be moved to something else, as a tag can."""

    digest: str
    """`sha256:` and the digest of its configuration, which names all its layers."""


def find_image(client: DockerClient, reference: str) -> Image:
    """Return an image that the engine has.

    Raises:
        SubmissionError: There is none, or the contract does not allow it.
        EngineError: The engine failed.
    """
    from docker.errors import APIError

    try:
        found = ask(lambda: client.api.inspect_image(reference))
    except APIError as error:
        raise SubmissionError(f"the engine has no image {reference!r}; pull or build it first") from error
    config: dict[str, Any] = found.get("Config") or {}
    if volumes := config.get("Volumes"):
        names = ", ".join(clean_text(name, 60) for name in list(volumes)[:3])
        raise SubmissionError(
            f"the image declares volumes ({names}): they would be writable without a limit. Remove VOLUME from its "
            "recipe; /output and /tmp are there to be written to"
        )
    return Image(str(found["Id"]))


def build_image(
    client: DockerClient,
    context: Path,
    dockerfile: str,
    tag: str,
    *,
    base: str | None = None,
    network: str | None = None,
    seconds: float = BUILD_SECONDS,
    listener: Callable[[str], None] = lambda line: None,
) -> Image:
    """Build an image by the classic builder, its log handed on line by line.

    Args:
        client: The engine.
        context: Folder that is sent; its `.dockerignore` is honoured.
        dockerfile: Path of the recipe within it.
        tag: Name of the image.
        base: What `ARG BASE_IMAGE` becomes; None: as the recipe says.
        network: Network of the build's steps; None: the engine's default.
        seconds: After which the build is stopped, and the engine removes its container.
        listener: Gets each line of the log, cleaned.

    Raises:
        SubmissionError: The engine lacks a base image, the recipe fails, or the contract does not allow the image;
            nothing is left behind.
        EngineError: The engine failed.
    """
    _check_bases(client, context / dockerfile, base)
    last = built = ""
    for message in _build(client, context, dockerfile, tag, base, network, seconds):
        if "error" in message:
            problem = clean_text(str(message["error"]), 300)
            raise SubmissionError(
                f"the image cannot be built: {problem}" + f"; before it: {last}" * bool(last)
            )
        if isinstance(message.get("aux"), dict):
            built = str(message["aux"].get("ID", built))
        if line := clean_text(str(message.get("stream", message.get("status", "")))).strip():
            last = line
            listener(line)
    if not built:
        raise EngineError("the Docker Engine ended a build without an image")
    return find_image(client, built)


def _check_bases(client: DockerClient, recipe: Path, base: str | None) -> None:
    """Raise SubmissionError where the engine lacks an image that a recipe begins with: it would ask a registry."""
    try:
        text = read_plain(recipe, SIZE_LIMIT).decode("utf-8", errors="replace")
    except (OSError, PlainFileError):
        return  # the build says what is wrong with it
    if missing := missing_bases(client, text, base):
        raise SubmissionError("; ".join(map(missing_text, missing)))


def _build(
    client: DockerClient,
    context: Path,
    dockerfile: str,
    tag: str,
    base: str | None,
    network: str | None,
    seconds: float,
) -> Iterator[dict[str, Any]]:
    """Yield the messages of a build; leaving it, or the end of the time, ends the build."""
    from docker.errors import APIError

    try:
        with open_context(context, dockerfile) as archive, limited(client, seconds) as is_over:

            def begin() -> Iterator[bytes]:
                archive.seek(0)
                return client.api.build(
                    fileobj=archive,
                    custom_context=True,
                    dockerfile=dockerfile,
                    tag=tag,
                    buildargs={} if base is None else {"BASE_IMAGE": base},
                    network_mode=network,
                    rm=True,
                    forcerm=True,
                    decode=False,
                )

            try:
                yield from _messages(_answers(ask(begin)))
            except EngineError:
                if not is_over():
                    raise
            if is_over():
                raise SubmissionError(
                    f"the image cannot be built: its recipe took longer than {seconds / 60:g} minutes and was "
                    "stopped; build it elsewhere and give it with --image"
                )
    except (APIError, ContextError, OSError, TypeError) as error:
        raise SubmissionError(f"the image cannot be built: {clean_text(str(error), 300)}") from error


def _answers(stream: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the pieces of the engine's answer, its errors as ours: a recipe that cannot be read is found only here."""
    from docker.errors import APIError
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield from stream
    except APIError as error:
        problem = clean_text(str(error.explanation or error), 300)
        if error.response is not None and error.response.status_code >= 500:
            raise EngineError(f"the Docker Engine failed to build: {problem}") from error
        raise SubmissionError(f"the image cannot be built: {problem}") from error
    except (HTTPError, RequestException, OSError) as error:
        raise EngineError(f"the Docker Engine left while it built: {clean_text(str(error), 200)}") from error


def _messages(stream: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the objects of the engine's answer; one object may come in several pieces, or several in one."""
    decoder = json.JSONDecoder()
    rest = ""
    for piece in stream:
        rest += piece.decode("utf-8", errors="replace")
        while rest := rest.lstrip():
            try:
                message, end = decoder.raw_decode(rest)
            except json.JSONDecodeError:
                break
            rest = rest[end:]
            if isinstance(message, dict):
                yield message
