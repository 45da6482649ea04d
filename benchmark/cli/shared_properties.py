"""Which properties of embeddings `lovt-bench plot shared` may put beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lovt_bench.benchmark.contract.embedding_facts import EmbeddingFacts, EmbeddingQuestion
from lovt_bench.leaderboard.board.embeddings import shared_questions
from lovt_bench.leaderboard.board.reference_embeddings import published_model
from lovt_bench.leaderboard.show.plots.shared import Compared
from lovt_bench.leaderboard.show.properties import (
    PUBLISHED,
    edition,
    question_title,
    question_titles,
)
from lovt_bench.leaderboard.text import slug

CORPUS = "mimic-cxr"
"""On whose test split the published properties were measured."""


@dataclass(frozen=True)
class Part:
    """Backbones whose properties were measured on the same images."""

    title: str
    tag: str
    slug: str
    rows: list[Compared]


def parts_of(
    names: Sequence[str],
    own: Mapping[str, Sequence[EmbeddingFacts]],
    dataset: str | None,
    titles: Mapping[str, str],
) -> tuple[list[Part], list[str]]:
    """Return the backbones by the images that all own ones were measured on, and sentences about what is missing.

    Args:
        names: In the order to show.
        own: What is known of those that were measured here; the others are published.
        dataset: Only properties measured on it.
        titles: How each is called.
    """
    published = [name for name in names if name not in own and _published(name)]
    if not own:
        return _of_paper(names, published, dataset, titles)
    asked = {
        name: [item for item in items if dataset in (None, item.question.dataset)]
        for name, items in own.items()
    }
    parts, beside = [], False
    shared = shared_questions(asked)
    images = question_titles({question.digest(): question for question, _ in shared})
    files = Counter(_slug(question) for question, _ in shared)
    for question, answers in shared:
        fits = (question.track, question.dataset) == ("public", CORPUS)
        beside |= fits
        rows = [
            _measured(name, titles[name], answers[name])
            if name in answers
            else Compared(name, titles[name], True, True, values=_published(name))
            for name in names
            if name in answers or (fits and name in published)
        ]
        name = _slug(question)
        file = name if files[name] == 1 else f"{name}-{slug(edition(question))}"
        parts.append(Part(images[question.digest()], _tag(question), file, rows))
    if not parts:
        there = "; ".join(
            f"{name}: {', '.join(sorted({question_title(item.question) for item in items})) or 'nothing'}"
            for name, items in asked.items()
        )
        return [], [
            f"No properties: there are no images{f' of {dataset}' if dataset else ''} on which all were analysed alike "
            f"({there}); make reports with: lovt-bench analyze NAME --dataset DATASET."
        ]
    if published and not beside:
        return parts, [
            f"Published properties were measured on real images of {CORPUS}, so {', '.join(published)} cannot stand "
            "beside these."
        ]
    return parts, []


def _of_paper(
    names: Sequence[str], published: Sequence[str], dataset: str | None, titles: Mapping[str, str]
) -> tuple[list[Part], list[str]]:
    if not published:
        return [], [f"No properties were published of {', '.join(names)}."]
    if dataset not in (None, CORPUS):
        return [], [f"Published properties were measured on {CORPUS}, not on {dataset}."]
    rows = [Compared(name, titles[name], True, True, values=_published(name)) for name in published]
    return [Part(PUBLISHED, "published", "published", rows)], []


def _measured(name: str, title: str, found: EmbeddingFacts) -> Compared:
    return Compared(name, title, False, False, values=found.values, boxes=found.alignment)


def _published(name: str) -> Mapping[str, float]:
    """Return the published properties of a model, or of the published row that it is; nothing of another."""
    found = published_model(name)
    return found.values if found else {}


def _tag(question: EmbeddingQuestion) -> str:
    return "phantom, synthetic images" if question.track == "phantom" else ""


def _slug(question: EmbeddingQuestion) -> str:
    options = "".join(f"-{slug(text)}" for text in question.reference_options)
    return f"{question.dataset}-{question.image_side}px-{question.images}{options}"
