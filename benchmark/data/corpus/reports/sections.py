"""Split a report into its sections by the protocol's header rule (datasets.md section 7.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lovt_bench.benchmark.data.corpus.reports.names import normalised_name

HEADER = re.compile(r"\n ([A-Z ()/,-]+):\s")
"""A line of one blank and capitals up to a colon, and one whitespace character."""

PARAGRAPH = "\n \n"
USED = ("impression", "findings")


@dataclass(frozen=True)
class Section:
    """One section; `text` is what stands in the report at character `start`.

    A `last_paragraph` starts at the paragraph break before it, three characters before its text.
    """

    name: str
    start: int
    text: str


def parse_sections(report: str) -> list[Section]:
    """Return the sections of a report in order, names normalised; never raises.

    Blank impressions and findings are left out. Where neither remains, the last section is cut after its first
    paragraph and the rest becomes a section `last_paragraph`.
    """
    sections = [section for section in _cut(report) if section.name not in USED or section.text.strip()]
    if any(section.name in USED for section in sections) or not sections:
        return sections
    last = sections[-1]
    first, separator, rest = last.text.partition(PARAGRAPH)
    if separator:
        sections[-1] = Section(last.name, last.start, first)
        sections.append(Section("last_paragraph", last.start + len(first), rest))
    return sections


def _cut(report: str) -> list[Section]:
    """Return all sections, blank ones too."""
    header = HEADER.search(report)
    if header is None:
        return [Section("full report", 0, report)]
    sections = [Section("preamble", 0, report[: header.start(1)])]
    while header is not None:
        start = header.end()
        # A header-like string on the header's own line is text.
        line_end = max(report.find("\n", start), start)
        following = HEADER.search(report, line_end)
        end = len(report) if following is None else following.start()
        sections.append(Section(normalised_name(header[1]), start, report[start:end]))
        header = following
    return sections


def select(sections: list[Section]) -> dict[str, str] | None:
    """Return the texts of `impression` and `findings`, a missing one empty; None where both are missing.

    Where several sections have one name, the last one counts.
    """
    texts = {section.name: section.text for section in sections if section.name in USED}
    return {name: texts.get(name, "") for name in USED} if texts else None
