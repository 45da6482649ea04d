"""Every section of the protocol that code, tests or pages cite exists in docs/reference."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.docs.citations import (
    Citation,
    citations,
    expanded,
    mentions_without_section,
    section_numbers,
    unresolved,
)

ROOMS = ("benchmark", "tasks", "submissions", "leaderboard", "tests", "docs", "docker")
ENDINGS = {".py", ".yaml", ".md", ".csv", ".toml"}
REFERENCE = REPOSITORY / "docs" / "reference"
DOCUMENTS = {
    path.name: section_numbers(path.read_text(encoding="utf-8"))
    for path in REFERENCE.glob("*.md")
    if path.name != "README.md"
}
SHORT = {"E": "evaluation.md", "D": "datasets.md"}
"""How docs/tasks.md calls the documents in its tables."""


@cache
def sources() -> dict[Path, str]:
    """Path and text of each source file and page that says `section` or names a page."""
    found = [path for room in ROOMS for path in (REPOSITORY / room).rglob("*") if path.suffix in ENDINGS]
    found += REPOSITORY.glob("*.md")
    texts = {path: path.read_text(encoding="utf-8") for path in found if "versions" not in path.parts}
    return {
        path: text
        for path, text in texts.items()
        if re.search(r"ections? |ections?$|\.md", text, re.MULTILINE)
    }


def test_every_citation_resolves():
    problems = []
    for path, text in sources().items():
        own = path.name if path.parent == REFERENCE and path.name in DOCUMENTS else None
        if path != Path(__file__):
            problems += [f"{path.relative_to(REPOSITORY)}: {p}" for p in unresolved(text, DOCUMENTS, own)]
    assert not problems, "\n".join(problems)
    assert sum(text.count(".md section") for text in sources().values()) > 150


def test_code_names_a_section_wherever_it_names_a_document():
    problems = [
        f"{path.relative_to(REPOSITORY)}: line {line}"
        for path, text in sources().items()
        if path.suffix in (".py", ".yaml") and path != Path(__file__)
        for line in mentions_without_section(text, DOCUMENTS)
    ]
    assert not problems, "\n".join(problems)


def test_the_sources_in_the_tables_of_the_protocol_page_resolve():
    text = (REPOSITORY / "docs" / "tasks.md").read_text(encoding="utf-8")
    found = re.findall(r"(?<![\w`])([ED]) (\d+(?:\.\d+)*(?:, \d+(?:\.\d+)*)*)", text)
    assert len(found) > 40
    cited = [(SHORT[letter], number) for letter, numbers in found for number in expanded(numbers)]
    assert [item for item in cited if item[1] not in DOCUMENTS[item[0]]] == []


HEADINGS = "# Title\n\n## 1. One\n\n### 1.2 Two\ntext 3. no\n## 10. Ten\n"


def test_headings_have_numbers():
    assert section_numbers(HEADINGS) == {"1", "1.2", "10"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("as a.md section 1.2 says.", [("a.md", "1.2")]),
        ("a.md sections 1, 1.2 and 10)", [("a.md", "1"), ("a.md", "1.2"), ("a.md", "10")]),
        ("a.md sections 8 to 10", [("a.md", "8"), ("a.md", "9"), ("a.md", "10")]),
        ("a.md sections 1.1 to 1.3", [("a.md", "1.1"), ("a.md", "1.2"), ("a.md", "1.3")]),
        ("[a.md](../a.md) section 1", [("a.md", "1")]),
        ("# (a.md\n    # section 1", [("a.md", "1")]),
        ("'''see a.md\n    section 1.'''", [("a.md", "1")]),
        ("section 4 says", [(None, "4")]),
        ("protocol section 4", [(None, "4")]),
        ("Winograd, CVPR 2016, section 4.1", []),
        ("JMLR 7 (2006) 1-30, section 3.2.2", []),
        ("(RFC 8259,\n  section 6)", []),
    ],
)
def test_what_counts_as_a_citation(text: str, expected: list[tuple[str | None, str]]):
    assert [(item.document, item.section) for item in citations(text)] == expected


def test_a_citation_knows_its_line():
    assert list(citations("x\n\ny a.md section 1\n")) == [Citation(3, "a.md", "1")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a.md section 1.3", "line 1: section 1.3 of a.md does not exist"),
        ("a.md sections 1, 1.2 and 11", "line 1: section 11 of a.md does not exist"),
        ("a.md sections 1 to 10", "line 1: section 2 of a.md does not exist"),
        ("b.md section 1", "line 1: section 1 of b.md; only a.md have numbered sections"),
        ("\nprotocol section 1", "line 2: section 1 of no document; write `NAME.md section 1`"),
    ],
)
def test_a_planted_citation_is_found(text: str, problem: str):
    assert problem in unresolved(text, {"a.md": section_numbers(HEADINGS)})


def test_a_document_cites_its_own_sections_without_a_name():
    documents = {"a.md": section_numbers(HEADINGS)}
    assert unresolved("see section 1.2 and a.md section 10", documents, own="a.md") == []
    assert unresolved("see section 2", documents, own="a.md") == ["line 1: section 2 of a.md does not exist"]


def test_a_mention_without_a_section_is_found():
    documents = {"a.md": {"1"}}
    assert mentions_without_section("a.md section 1\nas in a.md.\ndocs/a.md", documents) == [2]
