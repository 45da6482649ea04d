"""Recipes of strangers, read as text: what the contract forbids is named before anything is built."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lovt_bench.benchmark.printable import printable
from lovt_bench.benchmark.submission.dockerfile_rules import dockerfile_findings
from tests.conftest import REPOSITORY

GOOD = 'FROM python:3.11-slim\nCOPY a.py /\nUSER 1000:1000\nENTRYPOINT ["python", "/a.py"]\n'

PIECES = [
    "FROM a:1\n", "\nFROM a AS b\n", "\nADD ", "\nCOPY --from=b ", "\nENV A=$A", "${A:-b}", "${A/", "\nRUN ",
    "<<E\n", "\\\n", "# escape=`\n", "[\"a\"]", "'", "--x=", "\nARG ", "\nONBUILD ", "$", "{", "}", "\t",
    "\u202e", "\x1b[2J",
]  # fmt: skip


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
        (GOOD + "VOLUME\t/data\n", "error", "line 5: VOLUME /data: a volume is writable"),
        (GOOD + 'VOLUME ["/data"]\n', "error", "a volume is writable"),
        (GOOD + "VOL\\\nUME /data\n", "error", "line 5: VOLUME /data: a volume is writable"),
        (GOOD + "VOLUME \\\n# a comment between\n\n  /data\n", "error", "VOLUME /data: a volume is writable"),
        (
            "# syntax=example.org/x:1\n" + GOOD,
            "error",
            "syntax=example.org/x:1: another program would read it",
        ),
        ("# escape=`\n#SYNTAX = docker/dockerfile-evil\n" + GOOD, "error", "another program would read it"),
        ("# escape=`\n" + GOOD + "VOLUME `\n  /data\n", "error", "VOLUME /data: a volume is writable"),
        (GOOD.replace("\n", "\r\n") + "VOLUME /data\r\n", "error", "VOLUME /data: a volume is writable"),
        ("\ufeff" + GOOD + "VOLUME /data", "error", "line 5: VOLUME /data"),
        (GOOD + "ONBUILD VOLUME /data\n", "error", "is carried out in what is built on top"),
        (GOOD + "ADD\thttps://example.org/x\t/x\n", "error", "fetches what nobody has checked"),
        (GOOD + 'add ["HTTP://example.org/x", "/x"]\n', "error", "fetches what nobody has checked"),
        (GOOD + "ADD --chown=1:1 a https://example.org/x /x\n", "error", "fetches what nobody has checked"),
        (GOOD + "ADD github.com/a/b /x\n", "error", "fetches what nobody has checked"),
        (GOOD + "ADD git://example.org/a.git#main /x\n", "error", "fetches what nobody has checked"),
        (GOOD + "ARG U=example.org\nADD https://$U/x /x\n", "error", "fetches what nobody has checked"),
        (GOOD + "ENV A=htt B=ps\nENV C=$A$B\nADD ${C}://example.org/x /x\n", "error", "fetches what nobody"),
        (GOOD + "ADD ${U:-https://example.org/x} /x\n", "error", "fetches what nobody has checked"),
        (
            "ARG U=https://example.org/x\n" + GOOD + "ARG U\nADD $U /x\n",
            "error",
            "fetches what nobody has checked",
        ),
        (GOOD + "ARG U=safe\nARG U=https://x.org/x\nADD $U /x\n", "error", "fetches what nobody"),
        (GOOD + "ARG U=safe\nENV K=U\nARG $K=https://x.org/x\nADD $U /x\n", "error", "fetches what nobody"),
        (GOOD + "ARG U=https://x.org/x\nARG U=safe V=$U\nADD $V /x\n", "error", "fetches what nobody"),
        (GOOD + "ENV U=https://x.org/x\nARG U=safe\nADD $U /x\n", "error", "fetches what nobody"),
        ("FROM a:1 AS b\nARG U=safe\nFROM b\nCMD x\nADD $U /x\n", "error", "no line sets U"),
        (GOOD + "ADD $OF_THE_BASE /x\n", "error", "no line sets OF_THE_BASE"),
        (GOOD + "ARG U\nADD ${U:-safe} /x\n", "error", "no line sets U"),
        ("FROM a:1 AS b\nENV U=https://x.org/x\nFROM b\nCMD x\nADD $U /x\n", "error", "fetches what nobody"),
        (GOOD + "COPY --from=ghost /x /x\n", "warning", "the image ghost has no version"),
        (GOOD + "COPY --from=$X /x /x\n", "error", "cannot be told what it copies from"),
        (GOOD + "RUN --mount=type=bind,source=/,target=/x ls\n", "error", "--mount needs BuildKit"),
        (GOOD + "RUN --security=insecure ls\n", "error", "--security needs BuildKit"),
        (GOOD + "COPY --link a /x\n", "error", "--link needs BuildKit"),
        (GOOD + "RUN <<EOF\nls\nEOF\n", "error", "<< needs BuildKit"),
        (GOOD + "RUN <<EOF\nls\n", "error", "unterminated heredoc"),
        (GOOD + "NONSENSE x\n", "error", "line 5: unknown instruction"),
        ("RUN ls\n" + GOOD, "error", "line 1: RUN stands before the first FROM"),
        ("FROM ${IMAGE}\nCMD x\n", "error", "no ARG before it sets IMAGE"),
        ("FROM\nCMD x\n", "error", "expected FROM image"),
        ("FROM a:1 TO b\nCMD x\n", "error", "expected FROM image"),
        ("FROM --platform=linux/arm64 a:1\nCMD x\n", "warning", "builds for its own machine"),
        ("ARG V=latest\nFROM python:$V\nCMD x\n", "warning", "has no version"),
        ("FROM a:1\nENTRYPOINT ['python']\n", "error", "is no JSON"),
        (GOOD + "USER 0:0\n", "warning", "ends as root"),
        (GOOD + "ENV U=root\nUSER $U\n", "warning", "ends as root"),
        (GOOD + "RUN wget -qO- https://x.org/i | sudo -E /bin/bash -s\n", "warning", "runs what it fetches"),
        (GOOD + "ENV A=${B#*}\n", "error", "cut by a pattern"),
        (GOOD + "RUN " + "[" * 20_000 + "\n", "error", "nested too deeply"),
        (
            GOOD + "ENV A=aaaaaaaaaa\n" + "ENV A=$A$A$A$A$A$A$A$A$A$A\n" * 9,
            "error",
            "more than 32768 characters",
        ),
    ],
)
def test_each_rule(text: str, level: str, message: str) -> None:
    found = dockerfile_findings(text)
    assert (found[0].level, message in found[0].message) == (level, True), found


def test_what_stands_in_a_comment_or_an_earlier_stage_does_not_count() -> None:
    assert dockerfile_findings("# VOLUME /x\n" + GOOD)[0].level == "ok"
    assert dockerfile_findings("# syntax=docker/dockerfile:1\n" + GOOD)[0].level == "ok"
    assert dockerfile_findings("# A comment.\n# syntax=x\n" + GOOD)[0].level == "ok"
    assert dockerfile_findings("FROM gcc:13 AS build\nUSER root\nRUN make\n" + GOOD)[0].level == "ok"
    assert dockerfile_findings(GOOD + "RUN echo \\\n# VOLUME /x\n  done\n")[0].level == "ok"
    assert (
        dockerfile_findings(GOOD + "RUN echo 'VOLUME /x'\nLABEL x='ADD https://x.org /x'\n")[0].level == "ok"
    )
    assert dockerfile_findings(GOOD + "COPY a\x0bVOLUME /x\nHEALTHCHECK NONE\n")[0].level == "ok"


def test_a_stage_goes_on_from_the_one_that_it_names() -> None:
    """Entry point and user of the earlier stage hold; its name is no image, and so needs no version."""
    begun = 'FROM python:3.11 AS Method\nUSER root\nENTRYPOINT ["python"]\n'
    assert [one.message for one in dockerfile_findings(begun + "FROM method\nCOPY --from=0 /a /b\n")] == [
        "ends as root; the harness starts it as another user"
    ]
    found = dockerfile_findings(begun + "FROM method\nUSER 1000\nCOPY --from=METHOD /a /b\n")
    assert [one.level for one in found] == ["ok"]


@pytest.mark.parametrize(
    "image",
    ["python@sha256:" + "a" * 64, "localhost:5000/x:1", "${BASE_IMAGE}", "$BASE_IMAGE", "${TAG:-x:1}"],
)
def test_images_that_are_pinned_or_given(image: str) -> None:
    given = "ARG BASE_IMAGE\nARG TAG=x:2\n"
    assert dockerfile_findings(given + GOOD.replace("python:3.11-slim", image))[0].level == "ok"


def test_what_is_no_utf8_is_said_and_not_guessed() -> None:
    assert "no UTF-8 text (byte" in dockerfile_findings(GOOD.encode() + b"RUN \xff\n")[0].message


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join))
@example("0\xa00")  # a blank that Python does not call printable
def test_any_text_has_findings_that_are_one_line_each(text: str) -> None:
    found = dockerfile_findings(text)
    assert found
    assert all(printable(one.message) == one.message for one in found)
