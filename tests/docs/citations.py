"""Citations of the protocol, `evaluation.md section 7.4`, and whether what they cite exists. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

NUMBER = r"\d+(?:\.\d+)*"
NUMBERS = rf"{NUMBER}(?:(?:,\s|\sand\s|\sto\s){NUMBER})*"
CITATION = re.compile(rf"\b[Ss]ections?\s+(?P<numbers>{NUMBERS})")
DOCUMENT = re.compile(r"(?P<document>[\w-]+\.md)\)?,?\s+$")
"""What stands before a section: the document, or a link to it."""
BEFORE = 80
"""Characters before a section among which its document stands."""
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
    for start, numbers, document in _cited(_flat(text)):
        for number in expanded(numbers):
            yield Citation(text.count("\n", 0, start) + 1, document and document["document"], number)


def _flat(text: str) -> str:
    """Return a text of the same length without line ends and signs of comments."""
    return CONTINUED.sub(lambda found: " " * len(found.group()), text)


def _cited(flat: str) -> Iterator[tuple[int, str, re.Match[str] | None]]:
    """Yield where a list of sections stands, the list, and the document before it."""
    for found in CITATION.finditer(flat):
        before = max(0, found.start() - BEFORE)
        document = DOCUMENT.search(flat, before, found.start())
        if document or not FOREIGN.search(flat, before, found.start()):
            yield found.start(), found["numbers"], document


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
        text: Text of a source file or page.
        documents: Name of each document that may be cited, and its section numbers.
        own: The document that the text itself is; its sections may be cited without a name.
    """
    problems = []
    for citation in citations(text):
        document = citation.document or own
        what = f"line {citation.line}: section {citation.section}"
        if document is None:
            problems.append(f"{what} of no document; write `NAME.md section {citation.section}`")
        elif document not in documents:
            problems.append(
                f"{what} of {document}; only {', '.join(sorted(documents))} have numbered sections"
            )
        elif citation.section not in documents[document]:
            problems.append(f"{what} of {document} does not exist")
    return problems


def mentions_without_section(text: str, documents: Mapping[str, set[str]]) -> list[int]:
    """Return the lines that name a document and no section of it."""
    flat = _flat(text)
    cited = {document.start() for _, _, document in _cited(flat) if document}
    names = re.compile(rf"(?<![\w/-])(?:{'|'.join(map(re.escape, documents))})")
    return [text.count("\n", 0, m.start()) + 1 for m in names.finditer(flat) if m.start() not in cited]
