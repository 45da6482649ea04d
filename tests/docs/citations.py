"""Citations of the protocol, `evaluation.md section 7.4`, and whether what they cite exists. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

NUMBER = r"\d+(?:\.\d+)*"
NUMBERS = rf"{NUMBER}(?:(?:,\s|\sand\s|\sto\s){NUMBER})*"
CITATION = re.compile(rf"(?:(?P<document>[\w-]+\.md)\)?,?\s+)?\b[Ss]ections?\s+(?P<numbers>{NUMBERS})")
HEADING = re.compile(rf"^#+ (?P<number>{NUMBER})\.? ", re.MULTILINE)
CONTINUED = re.compile(r"\n[ \t]*#?")
FOREIGN = re.compile(r"\d\)?,\s+$")
"""What stands before a section of somebody else's work: a year, a page or a number of an RFC."""


@dataclass(frozen=True)
class Citation:
    """One section that a text names."""

    line: int
    document: str | None
    """File name; None where only a section is named."""
    section: str


def section_numbers(text: str) -> set[str]:
    """Return the numbers of a document's headings."""
    return {found["number"] for found in HEADING.finditer(text)}


def citations(text: str) -> Iterator[Citation]:
    """Yield every section that a text cites, each of a list or range by itself; other people's works are left out."""
    flat = CONTINUED.sub(lambda found: " " * len(found.group()), text)
    for found in CITATION.finditer(flat):
        if found["document"] is None and FOREIGN.search(flat, 0, found.start()):
            continue
        for number in expanded(found["numbers"]):
            yield Citation(text.count("\n", 0, found.start()) + 1, found["document"], number)


def expanded(numbers: str) -> list[str]:
    """Return the numbers of `1.1, 2.4 and 12` or `4 to 7`, those between the ends of a range included."""
    result: list[str] = []
    for part in re.split(r",\s|\sand\s", numbers):
        first, *last = re.split(r"\sto\s", part)
        result.append(first)
        if last:
            chapter, _, start = first.rpartition(".")
            end = last[-1].rpartition(".")[2]
            inner = (str(number) for number in range(int(start) + 1, int(end)))
            result += [*(f"{chapter}.{number}".lstrip(".") for number in inner), last[-1]]
    return result


def unresolved(text: str, documents: Mapping[str, set[str]], own: str | None = None) -> list[str]:
    """Return what is wrong with the citations of a text, one sentence each.

    Args:
        text: of a source file or page.
        documents: name of each document that may be cited, and its section numbers.
        own: the document that the text itself is; its sections may be cited without a name.
    """
    problems = []
    for citation in citations(text):
        document = citation.document or own
        what = f"line {citation.line}: section {citation.section}"
        if document is None:
            problems.append(f"{what} of no document; write `NAME.md section {citation.section}`")
        elif document not in documents:
            problems.append(f"{what} of {document}; only {', '.join(sorted(documents))} have numbered sections")
        elif citation.section not in documents[document]:
            problems.append(f"{what} of {document} does not exist")
    return problems


def mentions_without_section(text: str, documents: Mapping[str, set[str]]) -> list[int]:
    """Return the lines that name a document and no section of it."""
    flat = CONTINUED.sub(lambda found: " " * len(found.group()), text)
    cited = {found.start("document") for found in CITATION.finditer(flat) if found["document"]}
    names = re.compile(rf"(?<![\w/-])(?:{'|'.join(map(re.escape, documents))})")
    return [text.count("\n", 0, m.start()) + 1 for m in names.finditer(flat) if m.start() not in cited]
