"""Recipes of strangers, read as text: what the contract forbids is named before anything is built."""

from __future__ import annotations

import pytest

from benchmark.runtime.dockerfile_rules import dockerfile_findings
from tests.conftest import REPOSITORY

GOOD = 'FROM python:3.11-slim\nCOPY a.py /\nUSER 1000:1000\nENTRYPOINT ["python", "/a.py"]\n'


@pytest.mark.parametrize(
    "path",
    [
        *sorted((REPOSITORY / "submissions").glob("*/Dockerfile")),
        *sorted((REPOSITORY / "docs" / "examples").glob("*/Dockerfile")),
    ],
    ids=lambda path: path.parent.name,
)
def test_our_own_recipes_keep_the_rules(path) -> None:
    assert [finding.level for finding in dockerfile_findings(path.read_text())] == ["ok"]


@pytest.mark.parametrize(
    ("text", "level", "message"),
    [
        ("", "error", "names no base image"),
        ("FROM python:3.11\nCOPY a /\n", "error", "starts nothing"),
        (GOOD + "VOLUME /data\n", "error", "VOLUME /data: a volume is writable"),
        (GOOD + "volume \\\n  /data\n", "error", "VOLUME /data: a volume is writable"),
        (GOOD + "ADD https://example.org/x /x\n", "error", "fetches what nobody has checked"),
        (GOOD + "ADD git@example.org:x /x\n", "error", "fetches what nobody has checked"),
        (GOOD + "RUN ls /var/run/docker.sock\n", "error", "asks for powers"),
        (GOOD + "RUN curl -s https://example.org/i | bash\n", "warning", "runs what it fetches"),
        (GOOD + "EXPOSE 80\n", "warning", "no network"),
        (GOOD + "USER root\n", "warning", "ends as root"),
        (GOOD.replace("python:3.11-slim", "python"), "warning", "python has no version"),
        (GOOD.replace("python:3.11-slim", "python:latest"), "warning", "has no version"),
        (GOOD + "VOLUME /\x1b[2Jx\n", "error", "VOLUME /x: a volume"),
    ],
)
def test_each_rule(text: str, level: str, message: str) -> None:
    found = dockerfile_findings(text)
    assert (found[0].level, message in found[0].message) == (level, True), found


def test_what_stands_in_a_comment_or_an_earlier_stage_does_not_count() -> None:
    assert dockerfile_findings("# VOLUME /x\n" + GOOD)[0].level == "ok"
    assert dockerfile_findings("FROM gcc:13 AS build\nUSER root\nRUN make\n" + GOOD)[0].level == "ok"


@pytest.mark.parametrize("image", ["python@sha256:" + "a" * 64, "localhost:5000/x:1", "${BASE_IMAGE}"])
def test_images_that_are_pinned_or_given(image: str) -> None:
    assert dockerfile_findings(GOOD.replace("python:3.11-slim", image))[0].level == "ok"
