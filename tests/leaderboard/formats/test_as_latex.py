"""`leaderboard.tex`: without an engine at hand, a small reader checks what an engine would stumble over."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.contract.leaderboard import Leaderboard, Overlap, OverlapMark
from leaderboard.build import build
from leaderboard.descriptions import Description
from leaderboard.formats.as_latex import as_latex, latex
from leaderboard.published.load import load_published
from leaderboard.text import clean
from tests.leaderboard.records import TASKS, record_set, runs

HOSTILE = r"\input{/etc/passwd} & 100% _of_ $x^2$ ~ {#1} \\ [1ex] *"
SYMBOLS = {
    "textbackslash": "\\", "textasciicircum": "^", "textasciitilde": "~", "textless": "<", "textgreater": ">",
    "textbar": "|", "textquotedbl": '"', "textquoteright": "'", "textasciigrave": "`", "ss": "ß", "ae": "æ",
    "AE": "Æ", "o": "ø", "O": "Ø", "oe": "œ", "l": "ł", "L": "Ł", "textperiodcentered": "·", "textpm": "±",
    "texttimes": "×", "ldots": "…", "textendash": "–", "textemdash": "—",
}  # fmt: skip
MARKS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304", ".": "\u0307",
    "v": "\u030c", "r": "\u030a", "c": "\u0327", "k": "\u0328", "u": "\u0306", "H": "\u030b",
}  # fmt: skip
TOKEN = re.compile(
    r"\\(?P<symbol>[A-Za-z]+)\{\}|\\(?P<mark>[`'^~\"=.]|[vrckuH] )\{(?P<base>[A-Za-z])\}|\\(?P<plain>[{}$&#%_])"
    r"|\{(?P<kept>[-*\[\]])\}|(?P<surd>\$\\surd\$)|(?P<nothing>\{\})"
    r"|(?P<other>[^\\{}$&#%_^~<>|\"'`\[\]*-])"
)


def read(text: str) -> str:
    """Return what LaTeX shows; fails at anything that is neither plain text nor a known command."""
    shown, place = [], 0
    while place < len(text):
        match = TOKEN.match(text, place)
        assert match, f"LaTeX would stumble at {text[place : place + 20]!r}"
        found = {name: value for name, value in match.groupdict().items() if value is not None}
        if "symbol" in found:
            shown.append(SYMBOLS[found["symbol"]])
        elif "mark" in found:
            shown.append(unicodedata.normalize("NFC", found["base"] + MARKS[found["mark"].strip()]))
        else:
            fixed = {"surd": "√", "nothing": ""}
            name, value = next(iter(found.items()))
            shown.append(fixed.get(name, value))
        place = match.end()
    return "".join(shown)


@given(st.text(st.one_of(st.characters(max_codepoint=127), st.sampled_from("äéçŁßøœ–—·±√×…,-")), max_size=40))
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    escaped = latex(text)
    assert escaped.isascii()
    assert read(escaped) == clean(text, 200)


@pytest.mark.parametrize(("text", "shown"), [("中", "[U+4E2D]"), ("🫁", "[U+1FAC1]"), ("ǖ", "[U+01D6]")])
def test_what_engines_may_not_have_shows_as_its_code_point(text: str, shown: str) -> None:
    assert read(latex(text)) == shown


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    records = [
        *runs("random", "covid_linear", [0.1, 0.2]),
        *runs("evil", "covid_linear", [0.4, None]),
        *runs("third", "covid_linear", [0.3, 0.3]),
        *runs("third", "rsna_frozen_1", [0.3]),
    ]
    evil = Description(display_name=HOSTILE, method=HOSTILE)
    return build(record_set(records), load_published(), tuple(TASKS.values()), {"evil": evil})


def test_braces_and_environments_are_balanced(board: Leaderboard) -> None:
    text = as_latex(board)
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", re.sub(r"\\[{}]", "", text)):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0
    open_ones: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            open_ones.append(name)
        else:
            assert open_ones.pop() == name
    assert not open_ones
    assert text.isascii()
    assert len(re.findall(r"(?<!\\)\$", text)) % 2 == 0


def test_every_line_of_a_table_has_a_cell_for_every_column(board: Leaderboard) -> None:
    tables = re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", as_latex(board), re.DOTALL)
    assert len(tables) == 3, "nine and nine published tasks, and the measured ones"
    for columns, body in tables:
        lines = [line for line in body.splitlines() if line.endswith(r" \\")]
        for line in lines:
            spans = [int(span) for span in re.findall(r"\\multicolumn\{(\d+)\}", line)]
            assert len(re.findall(r"(?<!\\)&", line)) + 1 + sum(spans) - len(spans) == len(columns), line


def test_the_layout_is_the_papers(board: Leaderboard) -> None:
    text = as_latex(board)
    assert r" & \multicolumn{9}{c}{RSNA} &  \\" in text
    assert r"& 1 \% & 10 \% & 100 \% & 1 \% & 10 \% & 100 \% &" in text
    assert r"\multicolumn{3}{c}{COVID Rural} & \multicolumn{2}{c}{SIIM}" in text
    row = next(line for line in text.splitlines() if line.startswith(r"LoVT 100 \%"))
    assert row.split(" & ")[7] == r"\textbf{46.3}$\,\pm\,$0.0"
    assert row.split(" & ")[2] == r"\underline{13.2}$\,\pm\,$0.6"


def test_a_hostile_name_is_text_and_a_diverged_cell_says_so(board: Leaderboard) -> None:
    text = as_latex(board)
    assert "\\input" not in text
    row = next(line for line in text.splitlines() if "passwd" in line)
    name, *cells = row.removesuffix(r" \\").split(" & ")
    assert read(name) == HOSTILE
    assert [read(cell) for cell in cells] == ["—", "diverged 1/2", "—"]


def test_seen_images_and_stale_rows_are_marked_apart(board: Leaderboard) -> None:
    """A dagger says the same in every rendering; a stale row has a sign of its own, and only signs in use are told."""
    assert "textdagger" not in as_latex(board)
    table = next(table for table in board.tables if table.kind == "runs")
    marks: dict[str, list[OverlapMark]] = {"third": ["overlapping", "clean"], "evil": ["unknown", "unknown"]}
    rows = [
        row.model_copy(
            update={
                "stale": ["Changed."] if row.id == "random" else [],
                "overlaps": [
                    Overlap(dataset=name, mark=mark)
                    for name, mark in zip(("covid-rural", "rsna"), marks.get(row.id, []), strict=False)
                ],
            }
        )
        for row in table.rows
    ]
    text = as_latex(board.model_copy(update={"tables": [table.model_copy(update={"rows": rows})]}))
    lines = {
        line.split(" & ")[0]: line.split(" & ")[1:] for line in text.splitlines() if line.endswith(r" \\")
    }
    dagger, stale = r"\textsuperscript{\textdagger}", r"\textsuperscript{s}"
    assert rf"random{stale}" in lines
    assert any(name.endswith(r"\textsuperscript{?}") for name in lines)
    covid = next(place for place, column in enumerate(table.columns) if column.dataset == "covid-rural")
    assert [cell.endswith(dagger) for cell in lines["third"][: len(table.columns)]] == [
        place == covid for place in range(len(table.columns))
    ]
    assert f"{dagger}Pre-training data share images" in text
    assert f"{stale}Protocol, data or backbone" in text
