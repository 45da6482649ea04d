"""The images that a recipe begins with, and those of them that the engine lacks: said before a build is started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.runtime.engine import ask
from lovt_bench.benchmark.submission.dockerfile import DockerfileError, read_dockerfile
from lovt_bench.benchmark.submission.dockerfile_rules import BASE_ARGUMENT, BASES, BASES_FOR, GIVEN_BASE

if TYPE_CHECKING:
    from docker import DockerClient


def bases_of(recipe: str, base: str | None) -> list[str]:
    """Return the images that a recipe takes something from, as far as its text tells.

    Args:
        recipe: The Dockerfile.
        base: What `ARG BASE_IMAGE` becomes; None: as the recipe says.
    """
    try:
        stages = read_dockerfile(recipe, {} if base is None else {BASE_ARGUMENT: base})
    except DockerfileError:
        return []  # the engine says what is wrong with it
    found = []
    for number, stage in enumerate(stages):
        if stage.parent is None and stage.base and not stage.start.unknown:
            found.append(stage.base)
        earlier = {*map(str, range(number)), *(other.name for other in stages[:number])}
        for one in stage.instructions:
            sources = [flag[7:] for flag in one.flags if flag.startswith("--from=")]
            found += [source for source in sources if not one.unknown and source.lower() not in earlier]
    return [image for image in dict.fromkeys(found) if image != "scratch"]


def takes_given_base(recipe: str) -> bool:
    """Return whether a recipe begins with whatever `ARG BASE_IMAGE` names, which is this project's base by default."""
    return GIVEN_BASE in bases_of(recipe, None) and BASES[1] in bases_of(recipe, BASES[1])


def base_for(client: DockerClient, device: Literal["cpu", "cuda"]) -> str:
    """Return the base image for a device: the first that suits and that the engine has; else the one to be made.

    Raises:
        EngineError: The engine failed.
    """
    suitable = BASES_FOR[device]
    return next((image for image in suitable if _has(client, image)), suitable[0])


def missing_bases(client: DockerClient, recipe: str, base: str | None) -> list[str]:
    """Return those of `bases_of` that the engine has not.

    Raises:
        EngineError: The engine failed.
    """
    return [image for image in bases_of(recipe, base) if not _has(client, image)]


def _has(client: DockerClient, image: str) -> bool:
    from docker.errors import APIError

    try:
        ask(lambda: client.api.inspect_image(image))
    except APIError:
        return False
    return True


def missing_text(image: str) -> str:
    """Return what is said of an image that a recipe begins with and the engine has not."""
    shown = clean_text(image, 200)
    if image in BASES:
        more = " BASE=base-cuda" if image == BASES[1] else ""
        return f"the engine has no image {shown}; `make docker{more}` builds it"
    return (
        f"the engine has no image {shown}, and a build fetches none by itself: pull it first (`docker pull {shown}`), "
        "or let the recipe begin with lovt-bench-base"
    )
