"""Properties of embeddings against scores, over the rows of a table: data of the view, and what they allow to say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from lovt_bench.benchmark.contract.embedding_facts import EmbeddingQuestion
from lovt_bench.benchmark.contract.leaderboard import Cell, Table
from lovt_bench.leaderboard.board.reference_embeddings import reference_models
from lovt_bench.leaderboard.show.page.numbers import short
from lovt_bench.leaderboard.show.plots.embedding_properties import FAMILIES, marks_of
from lovt_bench.leaderboard.show.properties import (
    PUBLISHED,
    correlation_text,
    keys_of,
    known,
    label_of,
    question_titles,
)
from lovt_bench.leaderboard.statistics.correlation import FEWEST, Correlation, correlation
from lovt_bench.leaderboard.text import plural, slug

WARNING = (
    "These correlations describe these rows. Rows of one method are not independent, rows far apart agree on "
    "everything, and among many properties some go with a score by chance: intervals are not corrected for that. None "
    "of it says that a property is the cause of a score."
)


@dataclass(frozen=True)
class PropertyRow:
    """A row with what is known of its embeddings, and its scores by outcome in percent."""

    id: str
    name: str
    values: Mapping[str, float]
    scores: Mapping[str, float]
    level: str = ""
    """Feature level that was measured; empty where it is not known."""


class Entry(NamedTuple):
    """A row as it enters a set."""

    id: str
    name: str
    cells: Sequence[Cell]
    values: Mapping[str, float]
    level: str = ""


@dataclass(frozen=True)
class PropertySet:
    """Rows whose embeddings were measured on the same images."""

    key: str
    """In the address of the view."""
    title: str
    outcomes: Sequence[tuple[str, str]]
    """Key and name of what scores are of."""
    rows: Sequence[PropertyRow]

    @property
    def keys(self) -> list[str]:
        """Properties that any of the rows has."""
        return keys_of([row.values for row in self.rows])

    @property
    def said(self) -> str:
        """What stands above the correlations."""
        if len(self.rows) < FEWEST:
            return (
                f"{plural(len(self.rows), 'row')}: from fewer than {FEWEST} nothing can be said about whether a "
                "property goes with a score."
            )
        return (
            "Spearman's rank correlation over the n rows that have the property, with its 95 % interval (Bonett and "
            "Wright), which there is not where all rows are in one order."
        )

    def of(self, key: str, outcome: str) -> Correlation | None:
        """Return the correlation of a property with a score; None where nothing can be said."""
        both = [
            (row.values[key], row.scores[outcome])
            for row in self.rows
            if key in row.values and outcome in row.scores
        ]
        return correlation([value for value, _ in both], [score for _, score in both])

    def lines(self) -> list[tuple[str, ...]]:
        """Return a line for each property: its name, and the correlation with each outcome; none for few rows."""
        if len(self.rows) < FEWEST:
            return []
        return [
            (label_of(key), *(correlation_text(self.of(key, outcome)) for outcome, _ in self.outcomes))
            for key in self.keys
        ]


def property_sets(table: Table) -> list[PropertySet]:
    """Return the rows of a table by the images that their embeddings were measured on, most rows first."""
    if table.kind == "published":
        return _published(table)
    found: dict[str, list[Entry]] = {}
    questions: dict[str, EmbeddingQuestion] = {}
    for row in table.rows:
        for facts in row.embeddings:
            key = facts.question.digest()
            questions[key] = facts.question
            found.setdefault(key, []).append(
                Entry(row.id, row.display_name, row.cells, facts.values, facts.level)
            )
    titles = question_titles(questions)
    sets = [_set(key, titles[key], entries, table) for key, entries in found.items()]
    return sorted(sets, key=lambda item: (-len(item.rows), item.title, item.key))


def measured_on(sets: Sequence[PropertySet]) -> list[tuple[str, str]]:
    """Return the choices of the view."""
    return [(item.key, item.title) for item in sets]


def as_data(item: PropertySet) -> dict[str, Any]:
    """Return a set as the page reads it: values and scores are lists, in the order of `columns` and `outcomes`."""
    every = [row.values for row in item.rows]
    spreads = [f"{key}.std" for key in item.keys if any(f"{key}.std" in values for values in every)]
    columns = [*item.keys, *spreads]
    forms = {key: found.form for key in item.keys if (found := known(key))}
    return {
        "key": item.key,
        "title": item.title,
        "columns": columns,
        "properties": [[key, label_of(key), forms[key] == "power"] for key in item.keys],
        "outcomes": [list(outcome) for outcome in item.outcomes],
        "spread": [list(mark) for mark in marks_of(FAMILIES["std"], "image", every)],
        "rows": [
            {
                "row": row.id,
                "name": row.name,
                "level": row.level,
                "values": [short(row.values.get(key)) for key in columns],
                "scores": [round(row.scores[key], 2) for key, _ in item.outcomes],
            }
            for row in item.rows
        ],
    }


def _set(key: str, title: str, entries: Sequence[Entry], table: Table) -> PropertySet:
    """Return a set whose outcomes are the means over the tasks of one metric that all rows have finished."""
    done = [
        {cell.task: cell.summary.mean for cell in entry.cells if cell.status == "complete" and cell.summary}
        for entry in entries
    ]
    labels: dict[str, list[str]] = {}
    for column in table.columns:
        if all(column.task in scores for scores in done):
            labels.setdefault(column.metric_label, []).append(column.task)
    outcomes = {slug(label): (label, tasks) for label, tasks in labels.items()}
    rows = [
        PropertyRow(
            entry.id,
            entry.name,
            entry.values,
            {
                key: 100 * sum(scores[task] for task in tasks) / len(tasks)
                for key, (_, tasks) in outcomes.items()
            },
            entry.level,
        )
        for entry, scores in zip(entries, done, strict=True)
    ]
    return PropertySet(
        key, title, [(name, _outcome(table, *found)) for name, found in outcomes.items()], rows
    )


def _outcome(table: Table, label: str, tasks: Sequence[str]) -> str:
    if len(tasks) > 1:
        return f"{label}, mean of {len(tasks)} tasks"
    title = next(column.title for column in table.columns if column.task == tasks[0])
    return f"{label}, {title}"


def _published(table: Table) -> list[PropertySet]:
    """Return the published models: the outcomes are the tasks that all of them have a published score of."""
    rows = {row.id: row for row in table.rows}
    entries: list[Entry] = []
    for model in reference_models().values():
        row = rows.get(model.row or "")
        cells = row.cells if row else [score.cell(task) for task, score in model.scores.items()]
        if cells:
            entries.append(Entry(model.row or model.name, model.title, cells, model.values))
    return [_set("published", PUBLISHED, entries, table)] if entries else []
