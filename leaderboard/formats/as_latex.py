"""`leaderboard.tex`: a document of its own, tables in the paper's layout; plain ASCII, so that any engine reads it.

Columns are grouped by dataset, head and train fraction. Bold is best, underlined second. Text from outside is
escaped; characters beyond accented Latin letters show as their code point.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from benchmark.contract.leaderboard import Cell, Column, Leaderboard, Row, Table
from leaderboard.layout import (
    HEADS,
    INTERVALS,
    MISSING,
    SIGNS,
    blocks,
    caption,
    cell_sign,
    dataset_label,
    mean_rank_text,
    percent,
    row_sign,
)
from leaderboard.text import clean

WIDE = 9
"""Tasks side by side: the paper's two tables have nine each."""

_HEAD = r"""% Written by lovt-bench; compiles with pdflatex, xelatex, lualatex and tectonic.
% To use a table in a paper: copy it, and load booktabs and graphicx.
\documentclass[10pt]{article}
\usepackage[a4paper,landscape,margin=15mm]{geometry}
\usepackage[T1]{fontenc}
\usepackage{booktabs,graphicx}
\begin{document}
"""

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquoteright{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",  # so that no two join into a dash
    "*": "{*}",  # a row may not begin with one: it would belong to the \\ before it, as would a bracket
    "[": "{[}",
    "]": "{]}",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "œ": r"\oe{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "·": r"\textperiodcentered{}",
    "±": r"\textpm{}",
    "√": r"$\surd$",
    "×": r"\texttimes{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "’": r"\textquoteright{}",
    "…": r"\ldots{}",
}

_STALE = r"\textsuperscript{s}"

_SIGNS = {"": "", "†": r"\textsuperscript{\textdagger}", "?": r"\textsuperscript{?}"}
"""How the signs of `leaderboard.layout` are set."""

_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u0304": "=", "\u0307": ".",
    "\u030c": "v ", "\u030a": "r ", "\u0327": "c ", "\u0328": "k ", "\u0306": "u ", "\u030b": "H ",
}  # fmt: skip


_COMMAS = re.compile(",(?=,)")
"""Two commas join into a quotation mark."""


def as_latex(leaderboard: Leaderboard) -> str:
    """Return the whole document."""
    parts = [_HEAD]
    for table in leaderboard.tables:
        parts.append(f"\n\\section*{{{latex(table.title)}}}\n\n{latex(table.statement, 1000)}\n")
        if table.source:
            parts.append(f"\nSource: {latex(table.source.citation, 1000)}\n")
        parts += [_tabular(block, table) for block in blocks(table.columns, WIDE)]
    return "".join([*parts, "\n\\end{document}\n"])


def latex(text: str, limit: int = 200) -> str:
    """Return text that LaTeX typesets as it is, in an argument and in a table cell too."""
    shown: list[str] = []
    for character in clean(text, limit):
        base, *marks = list(unicodedata.normalize("NFD", character))
        if character in _SPECIAL:
            shown.append(_SPECIAL[character])
        elif character.isascii():
            shown.append(character)
        elif len(marks) == 1 and marks[0] in _ACCENTS and base.isascii() and base.isalpha():
            shown.append(f"\\{_ACCENTS[marks[0]]}{{{base}}}")
        else:
            shown.append(f"{{[}}U+{ord(character):04X}{{]}}")
    return _COMMAS.sub(",{}", "".join(shown))


def _tabular(block: Sequence[Column], table: Table) -> str:
    lines = [
        "",
        "\\begin{table}[htbp]",
        "\\centering",
        f"\\caption{{{_caption(block, table)}}}",
        "\\resizebox{\\textwidth}{!}{%",
        f"\\begin{{tabular}}{{l{'c' * len(block)}r}}",
        "\\toprule",
        *_headings(block),
        "\\midrule",
        *_body(block, table),
        "\\bottomrule",
        "\\end{tabular}}",
        "\\end{table}",
        "",
    ]
    return "\n".join(lines)


def _caption(block: Sequence[Column], table: Table) -> str:
    interval = latex(INTERVALS[table.interval])
    marks = {item.mark for row in table.rows for item in row.overlaps}
    signs = [
        (_SIGNS[SIGNS["overlapping"]], "Pre-training data share images with it.", "overlapping" in marks),
        (_SIGNS[SIGNS["unknown"]], "It is not known whether they do.", "unknown" in marks),
        (_STALE, "Protocol, data or backbone have changed since.", any(row.stale for row in table.rows)),
    ]
    legend = "".join(f" {sign}{text}" for sign, text, there in signs if there)
    return (
        f"{latex(table.title)}: {latex(caption(block, table))}. Percent, mean over {table.expected_runs} run(s) "
        f"$\\pm$ half-width of the 95\\,\\% interval ({interval}). \\textbf{{Bold}} is best, "
        f"\\underline{{underlined}} second.{legend}"
    )


def _headings(block: Sequence[Column]) -> Iterator[str]:
    yield from _spanning(
        block, lambda column: (column.dataset,), lambda column: dataset_label(column.dataset)
    )
    yield from _spanning(
        block,
        lambda column: (column.dataset, column.head, column.backbone),
        lambda column: f"{HEADS.get(column.head, column.head)} {column.backbone}",
    )
    fractions = [f"{100 * column.train_fraction:g} %" for column in block]
    yield _line(["", *map(latex, fractions), ""])
    yield _line(["", *(latex(column.metric_label) for column in block), "Mean rank"])


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


def _body(block: Sequence[Column], table: Table) -> Iterator[str]:
    previous: Row | None = None
    for row in table.rows:
        # The published order is by fraction of the corpus; a rule parts its groups as in the paper.
        if table.kind == "published" and previous and row.fraction != previous.fraction:
            yield "\\midrule"
        cells = [_cell(row, column, table) for column in block]
        name = latex(row.display_name) + _SIGNS[row_sign(row)] + (_STALE if row.stale else "")
        yield _line([name, *cells, latex(mean_rank_text(row))])
        previous = row


def _cell(row: Row, column: Column, table: Table) -> str:
    cell = row.cell(column.task)
    return latex(MISSING) if cell is None else _value(cell, table) + _SIGNS[cell_sign(row, column)]


def _value(cell: Cell, table: Table) -> str:
    if cell.status == "diverged" or cell.summary is None:
        return f"diverged {sum(run.value is None for run in cell.runs)}/{len(cell.runs)}"
    interval = cell.summary.interval(table.interval)
    value = percent(cell.summary.mean)
    value = f"\\textbf{{{value}}}" if cell.best else f"\\underline{{{value}}}" if cell.second else value
    spread = "" if interval is None else f"$\\,\\pm\\,${percent(interval)}"
    runs = cell.summary.runs
    return value + spread + ("" if runs == table.expected_runs else f" ({runs}/{table.expected_runs})")


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
