"""The recipes under docker/ as text: what they pin, and that any engine can build them. No engine is needed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.containers.images import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCKERFILES = sorted(
    path
    for folder in ("docker", "submissions", "docs/examples")
    for path in (REPOSITORY / folder).rglob("Dockerfile")
)


def requirements(lines: list[str]) -> dict[str, Requirement]:
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(one.name): one for one in found}


def test_the_stack_of_images_is_the_projects_with_each_version_exact() -> None:
    text = (REPOSITORY / "docker/base/requirements.txt").read_text(encoding="utf-8")
    pinned = requirements(text.splitlines())
    wanted = requirements(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["pretrain"])
    assert pinned.keys() == wanted.keys()
    for name, requirement in pinned.items():
        (pin,) = requirement.specifier
        assert pin.operator == "==", name
        assert wanted[name].specifier.contains(pin.version), f"{requirement} against {wanted[name]}"


def test_the_harness_image_has_the_projects_docker_sdk() -> None:
    text = (REPOSITORY / "docker/harness/Dockerfile").read_text(encoding="utf-8")
    (version,) = re.findall(r"docker==(\S+?);", text)
    (wanted,) = PROJECT["optional-dependencies"]["containers"]
    assert Requirement(wanted).specifier.contains(version)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_recipe_builds_without_buildkit_on_a_given_base_and_ends_as_nobody_special(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    assert not re.search(
        r"^(RUN|COPY|ADD)\s+--(mount|chmod|link|security|network)|<<-?['\"]?\w", code, re.MULTILINE
    )
    assert "# syntax" not in text
    assert re.match(r"ARG (BASE_IMAGE|IMAGE)=\S+\nFROM \$\{\1\}\n", code)
    users = re.findall(r"^USER (.*)$", code, re.MULTILINE)
    inherits = path.is_relative_to(REPOSITORY / "submissions")
    assert (not users and inherits) or users[-1] == "1000:1000"
    assert "docker.sock" not in code


@pytest.mark.parametrize(
    "path", sorted((REPOSITORY / "submissions").glob("*/submission.yaml")), ids=lambda path: path.parent.name
)
def test_every_submission_has_a_recipe(path: Path) -> None:
    assert (path.parent / "Dockerfile").is_file()
