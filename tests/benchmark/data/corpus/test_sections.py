"""Section parsing: the header rule at its edges. The golden reports are in the parity runner."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from lovt_bench.benchmark.data.corpus.reports.names import normalised_name, section_names
from lovt_bench.benchmark.data.corpus.reports.sections import HEADER, parse_sections, select

PIECES = st.sampled_from(
    [
        "\n",
        " ",
        "\n ",
        "\n \n",
        ":",
        ": ",
        "FINDINGS",
        "IMPRESSION:",
        "\n FINDINGS: ",
        "\n A:\n",
        "x",
        "\r",
        "\t",
        "(/,-)",
    ]
)
REPORTS = st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=30).map("".join)


def plain_headers(text: str) -> list[tuple[int, int, str]]:
    """Return (start, end, name) of what the header rule takes, character by character."""
    allowed, found, at = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ ()/,-"), [], 0
    while at < len(text):
        end = at + 2
        while text[at : at + 2] == "\n " and end < len(text) and text[end] in allowed:
            end += 1
        name = text[at + 2 : end]
        if name and text[end : end + 1] == ":" and text[end + 1 : end + 2].isspace():
            found.append((at, end + 2, name))
            line_end = text.find("\n", end + 2)
            at = line_end if line_end >= 0 else end + 2
        else:
            at += 1
    return found


@given(REPORTS)
@example("\n FINDINGS:\n IMPRESSION: x")
@example("\n INDICATION: a\n \n b\n \n c")
def test_sections_stand_in_the_report_where_they_say(report: str) -> None:
    for section in parse_sections(report):
        shift = 3 if section.name == "last_paragraph" else 0
        assert report[section.start + shift :].startswith(section.text)


@given(REPORTS)
def test_headers_are_those_of_a_slow_reading(report: str) -> None:
    headers = plain_headers(report)
    sections = [one for one in parse_sections(report) if one.name != "last_paragraph"]
    if not headers:
        assert [(one.name, one.start) for one in sections] == [("full report", 0)]
        return
    starts = [end for _, end, _ in headers]
    ends = [begin for begin, _, _ in headers[1:]] + [len(report)]
    names = [normalised_name(name) for _, _, name in headers]
    blank = [not report[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    wanted = [
        (name, start)
        for name, start, empty in zip(names, starts, blank, strict=True)
        if not (empty and name in ("findings", "impression"))
    ]
    assert [(one.name, one.start) for one in sections[1:]] == wanted


def test_a_header_on_the_line_of_another_is_text() -> None:
    assert select(parse_sections("\n FINDINGS: IMPRESSION: a\n")) == {
        "impression": "",
        "findings": "IMPRESSION: a\n",
    }


def test_a_header_right_after_an_empty_one_is_missed() -> None:
    sections = parse_sections("\n FINDINGS:\n IMPRESSION: a\n b\n")
    assert [one.name for one in sections] == ["preamble", "findings"]


def test_of_two_sections_of_a_name_the_last_counts() -> None:
    assert select(parse_sections("\n FINDINGS: a\n FINDINGS: b")) == {"impression": "", "findings": "b"}


def test_last_paragraph_is_not_used() -> None:
    sections = parse_sections("\n INDICATION: cough\n \n The lungs are clear.\n")
    assert sections[-1].name == "last_paragraph"
    assert select(sections) is None


def test_a_report_without_header_is_not_used() -> None:
    assert select(parse_sections("FINDINGS: in lower margin")) is None
    assert select(parse_sections("")) is None


def test_long_runs_take_linear_time() -> None:
    assert len(parse_sections("\n " + "A " * 200_000)) == 1


def test_every_name_of_the_table_means_its_section() -> None:
    for wanted, names in section_names().exact.items():
        assert {normalised_name(f" {name.upper()} ") for name in names} == {wanted}


@given(st.text(max_size=40))
def test_names_follow_the_three_rules(text: str) -> None:
    name, tables = text.strip().lower(), section_names()
    if any(name in names for names in tables.exact.values()):
        return
    contained = [part for part in tables.contained if part in name]
    views = [part for part in tables.findings_if_contains if part in name]
    assert normalised_name(text) == [*contained, *(["findings"] if views else []), name][0]


def test_tables_have_the_length_of_the_protocol() -> None:
    exact = section_names().exact
    assert [len(exact[name]) for name in ("impression", "findings", "comparison", "indication", "history")] == [
        15, 10, 9, 5, 5,
    ]  # fmt: skip
    assert len(section_names().findings_if_contains) == 18
    assert HEADER.search("\n A:b") is None
