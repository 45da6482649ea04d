"""Properties of embeddings as a LaTeX table, after analysis.md section 5; plain ASCII."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lovt_bench.leaderboard.show.latex_text import latex, shortened
from lovt_bench.leaderboard.show.layout import MISSING
from lovt_bench.leaderboard.show.properties import SIDES, Form, known, number

_NAME = 48
_COLUMNS = (
    ("std", "total"),
    ("std_within", "per sample"),
    ("std_centroids", "centroids"),
    ("", "ratio"),
    ("global_std", "global"),
    ("pooled_std", "pooled"),
    ("uniformity_within", "per sample"),
    ("global_uniformity", "global"),
    ("pooled_uniformity", "pooled"),
    ("cov", "total"),
    ("cov_within", "per sample"),
    ("cov_centroids", "centroids"),
    ("global_cov", "global"),
    ("pooled_cov", "pooled"),
)
"""Property and heading; the ratio is that of the centroids' standard deviation to the total one."""
_GROUPS = (
    (r"std $\cdot \sqrt{d}$", 0, 6),
    ("uniformity", 6, 9),
    ("off-diagonal covariance", 9, 14),
)


def properties_latex(rows: Sequence[tuple[str, Mapping[str, float]]], source: str) -> str:
    """Return a document of its own with a table for images and one for reports, where any row has them.

    Args:
        rows: Name and values of each backbone, in the order to show.
        source: On what they were measured.
    """
    parts = [
        _table(side, word, rows, source)
        for side, word in SIDES.items()
        if any(key.startswith(f"{side}.") for _, values in rows for key in values)
    ]
    head = (
        "% Written by lovt-bench; compiles with pdflatex, xelatex and lualatex.\n"
        "\\documentclass[10pt]{article}\n\\usepackage[a4paper,landscape,margin=15mm]{geometry}\n"
        "\\usepackage[T1]{fontenc}\n\\usepackage{booktabs,graphicx}\n\\begin{document}\n"
    )
    return head + "\n".join(parts) + "\\end{document}\n"


def _table(side: str, word: str, rows: Sequence[tuple[str, Mapping[str, float]]], source: str) -> str:
    columns = [
        (name, title)
        for name, title in _COLUMNS
        if any(f"{side}.{name or 'std_centroids'}" in values for _, values in rows)
    ]
    lines = [
        r"\begin{table}[ht]\centering",
        f"\\caption{{{latex(f'Embedding properties of {word}: {source}', 400)}}}",
        r"\resizebox{\textwidth}{!}{%",
        f"\\begin{{tabular}}{{l{'r' * len(columns)}}}",
        r"\toprule",
        *_heads(columns),
        r"\midrule",
        *(
            " & ".join(
                [latex(shortened(name, _NAME)), *(_cell(side, column, values) for column, _ in columns)]
            )
            + r" \\"
            for name, values in rows
        ),
        r"\bottomrule",
        r"\end{tabular}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _heads(columns: Sequence[tuple[str, str]]) -> Iterator[str]:
    cells, rules, start = [""], [], 2
    for title, first, last in _GROUPS:
        count = sum(column in columns for column in _COLUMNS[first:last])
        if count:
            cells.append(f"\\multicolumn{{{count}}}{{c}}{{{title}}}")
            rules.append(f"\\cmidrule(lr){{{start}-{start + count - 1}}}")
            start += count
    yield " & ".join(cells) + r" \\"
    yield " ".join(rules)
    yield " & ".join(["", *(title for _, title in columns)]) + r" \\"


def _cell(side: str, name: str, values: Mapping[str, float]) -> str:
    if not name:
        total, centroids = values.get(f"{side}.std"), values.get(f"{side}.std_centroids")
        return latex(MISSING) if not total or centroids is None else f"${centroids / total:.3f}$"
    key = f"{side}.{name}"
    if key not in values:
        return latex(MISSING)
    found = known(key)
    assert found is not None, key
    spread = values.get(f"{key}.std")
    after = "" if spread is None else rf" \pm {_number(spread, found.form)}"
    return f"${_number(values[key], found.form)}{after}$"


def _number(value: float, form: Form) -> str:
    text = number(value, form).replace("−", "-")
    mantissa, power, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if power else text
