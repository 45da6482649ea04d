"""`leaderboard.tex`: a document of its own, tables in the paper's layout; plain ASCII, so that any engine reads it.

Columns are grouped by dataset, head and train fraction. Bold is best, underlined second. A table never leaves its
page: it is scaled down where it is wide, and goes on in another where it is long. Text from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from lovt_bench.benchmark.contract.leaderboard import Cell, Column, Leaderboard, Row, Table
from lovt_bench.leaderboard.show.latex_text import latex, shortened
from lovt_bench.leaderboard.show.layout import (
    DISPUTED,
    EDGE,
    INTERVALS,
    MISSING,
    MIXED,
    SIGNS,
    UNFINISHED,
    blocks,
    caption,
    cell_sign,
    dataset_label,
    disputed_sign,
    finished_apart,
    half_width,
    head_label,
    last_column,
    making_legend,
    percent,
    row_sign,
)

WIDE = 9
"""Tasks side by side: the paper's two tables have nine each."""

LONG = 24
"""Rows below each other: with its caption and a heading such a table fits a page."""

NAME = 48
"""Characters of a row's name, so that one name does not make all numbers tiny."""

_HEAD = r"""% Written by lovt-bench; compiles with pdflatex, xelatex and lualatex.
% To use a table in a paper: copy it, and load booktabs, graphicx and T1 fonts.
\documentclass[10pt]{article}
\usepackage[a4paper,landscape,margin=15mm]{geometry}
\usepackage[T1]{fontenc}
\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\usepackage{booktabs,graphicx}
\setlength{\belowcaptionskip}{6pt}
\begin{document}
"""

_CLEAR = "\n\\clearpage\n"
"""Else LaTeX would move tables below the next heading, and give up at a hundred of them."""

_STALE = r"\textsuperscript{s}"
_CONTRADICTION = r"\textsuperscript{!}"

_SIGNS = {
    "†": r"\textsuperscript{\textdagger}",
    "?": r"\textsuperscript{?}",
    EDGE: r"\textsuperscript{\textdaggerdbl}",
    MIXED: r"\textsuperscript{\textsection}",
    DISPUTED: r"\textsuperscript{\textparagraph}",
}
"""How the signs of `leaderboard.show.layout` are set."""


def as_latex(leaderboard: Leaderboard) -> str:
    """Return the whole document."""
    sections = [_section(table) for table in leaderboard.tables]
    return f"{_HEAD}{_CLEAR.join(sections)}\n\\end{{document}}\n"


def _signs(text: str) -> str:
    return "".join(_SIGNS[sign] for sign in text)


def _section(table: Table) -> str:
    text = f"\n\\section*{{{latex(table.title)}}}\n\n{latex(table.statement, 1000)}\n"
    if table.source:
        text += f"\nSource: {latex(table.source.citation, 1000)}\n"
    return text + _CLEAR.join(
        (f"\n\\subsection*{{{latex(UNFINISHED)}}}\n" if place else "") + _tabulars(part, table)
        for place, part in enumerate(finished_apart(table))
    )


def _tabulars(part: Table, table: Table) -> str:
    starts = range(0, len(part.rows), LONG) or range(1)
    last = last_column(part, table)
    return "".join(
        _CLEAR.join(_tabular(block, part, start, last) for start in starts)
        for block in blocks(part.columns, WIDE)
    )


def _tabular(
    block: Sequence[Column], table: Table, start: int, last: tuple[str, Callable[[Row], str]]
) -> str:
    rows = table.rows[start : start + LONG]
    lines = [
        "",
        "\\begin{table}[htbp]",
        "\\centering",
        f"\\caption{{{_caption(block, table, start)}}}",
        "\\resizebox{\\ifdim\\width>\\textwidth\\textwidth\\else\\width\\fi}{!}{%",
        f"\\begin{{tabular}}{{l{'c' * len(block)}r}}",
        "\\toprule",
        *_headings(block, last[0]),
        "\\midrule",
        *_body(block, table, rows, last[1]),
        "\\bottomrule",
        "\\end{tabular}}",
        "\\end{table}",
        "",
    ]
    return "\n".join(lines)


def _caption(block: Sequence[Column], table: Table, start: int) -> str:
    total = len(table.rows)
    rows = f", rows {start + 1}–{min(start + LONG, total)} of {total}" if total > LONG else ""
    marks = {item.mark for row in table.rows for item in row.overlaps}
    cells = [cell for row in table.rows for cell in row.cells]
    signs = [
        (r" \textbf{Bold} is best.", any(cell.best for cell in cells)),
        (r" \underline{Underlined} is second.", any(cell.second for cell in cells)),
        (f" {_SIGNS[SIGNS['overlapping']]}Pre-training data share images with it.", "overlapping" in marks),
        (f" {_SIGNS[SIGNS['unknown']]}It is not known whether they do.", "unknown" in marks),
        (f" {_STALE}Protocol, data or backbone have changed since.", any(row.stale for row in table.rows)),
        (
            f" {_CONTRADICTION}Its run records contradict themselves.",
            any(row.contradictions for row in table.rows),
        ),
    ]
    signs += [(f" {_SIGNS[text[0]]}{latex(text[2:].capitalize())}.", True) for text in making_legend([table])]
    legend = "".join(text for text, there in signs if there)
    return f"{latex(table.title)}: {latex(caption(block, table) + rows)}. {_numbers(table)}{legend}"


def _numbers(table: Table) -> str:
    """Return what the numbers in the cells are."""
    if table.kind == "claimed":
        return "Percent and half-width of the 95\\,\\% interval, as claimed."
    runs = "1 run" if table.expected_runs == 1 else f"mean over {table.expected_runs} runs"
    return f"Percent, {runs} $\\pm$ half-width of the 95\\,\\% interval ({latex(INTERVALS[table.interval])})."


def _headings(block: Sequence[Column], last: str) -> Iterator[str]:
    yield from _spanning(
        block, lambda column: (column.dataset,), lambda column: dataset_label(column.dataset)
    )
    yield from _spanning(
        block,
        lambda column: (column.dataset, column.head, column.backbone),
        lambda column: f"{head_label(column.head)} {column.backbone}",
    )
    fractions = [f"{100 * column.train_fraction:g} %" for column in block]
    yield _line(["", *map(latex, fractions), ""])
    yield _line(["", *(latex(column.metric_label) for column in block), last])


def _spanning(
    block: Sequence[Column], key: Callable[[Column], object], label: Callable[[Column], str]
) -> Iterator[str]:
    """Yield one line of headings, each above the columns that share a key, and the rules below them."""
    cells, rules, start = [""], [], 2
    for _, group in groupby(block, key=key):
        members = list(group)
        cells.append(f"\\multicolumn{{{len(members)}}}{{c}}{{{latex(label(members[0]))}}}")
        rules.append(f"\\cmidrule(lr){{{start}-{start + len(members) - 1}}}")
        start += len(members)
    yield _line([*cells, ""])
    yield " ".join(rules)


def _body(
    block: Sequence[Column], table: Table, rows: Sequence[Row], last: Callable[[Row], str]
) -> Iterator[str]:
    previous: Row | None = None
    for row in rows:
        # The published order is by fraction of the corpus; a rule parts its groups as in the paper.
        if table.kind == "published" and previous and row.fraction != previous.fraction:
            yield "\\midrule"
        cells = [_cell(row, column, table) for column in block]
        signs = (_STALE if row.stale else "") + (_CONTRADICTION if row.contradictions else "")
        name = latex(shortened(row.display_name, NAME)) + _signs(row_sign(row) + disputed_sign(row)) + signs
        yield _line([name, *cells, latex(last(row))])
        previous = row


def _cell(row: Row, column: Column, table: Table) -> str:
    cell = row.cell(column.task)
    return latex(MISSING) if cell is None else _value(cell, table) + _signs(cell_sign(row, column))


def _value(cell: Cell, table: Table) -> str:
    if cell.status == "diverged" or cell.summary is None:
        return f"diverged {sum(run.value is None for run in cell.runs)}/{len(cell.runs)}"
    interval = cell.summary.interval(table.interval)
    value = percent(cell.summary.mean)
    value = f"\\textbf{{{value}}}" if cell.best else f"\\underline{{{value}}}" if cell.second else value
    spread = half_width(interval).replace(" ± ", "$\\,\\pm\\,$")
    runs = cell.summary.runs
    if table.kind == "claimed":
        return value + spread
    return value + spread + ("" if runs == table.expected_runs else f" ({runs}/{table.expected_runs})")


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
