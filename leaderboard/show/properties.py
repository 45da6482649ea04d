"""How properties of embeddings are called and shown: in tables, charts and on the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lovt_bench.benchmark.contract.embedding_facts import EmbeddingQuestion
from lovt_bench.leaderboard.show.layout import MISSING, dataset_label
from lovt_bench.leaderboard.statistics.correlation import Correlation

Values = Mapping[str, float]

Form = Literal["plain", "power"]


@dataclass(frozen=True)
class Property:
    """A property of one space; its key is `<space>.<name>`."""

    label: str
    form: Form = "plain"
    negated: bool = False
    """Whether charts show it with the other sign, so that more is further up."""


PROPERTIES: Mapping[str, Property] = {
    "std": Property("std × √d, all regions"),
    "std_within": Property("std × √d, within an image"),
    "std_centroids": Property("std × √d, centroids of images"),
    "global_std": Property("std × √d, global"),
    "pooled_std": Property("std × √d, global as the method pools"),
    "uniformity_within": Property("uniformity, within an image", negated=True),
    "global_uniformity": Property("uniformity, global", negated=True),
    "pooled_uniformity": Property("uniformity, global as the method pools", negated=True),
    "cov": Property("off-diagonal covariance, all regions", "power"),
    "cov_within": Property("off-diagonal covariance, within an image", "power"),
    "cov_centroids": Property("off-diagonal covariance, centroids", "power"),
    "global_cov": Property("off-diagonal covariance, global", "power"),
    "pooled_cov": Property("off-diagonal covariance, global as the method pools", "power"),
    "rank": Property("effective rank, all regions"),
    "global_rank": Property("effective rank, global"),
    "pooled_rank": Property("effective rank, global as the method pools"),
}
"""Of the spaces of images or reports, in the order of tables. `global` of an image is the mean of its regions; how a
method pools is no part of a backbone, and stands beside it where it is known."""

BETWEEN: Mapping[str, Property] = {
    "assignment.regions": Property("modality assignment of regions"),
    "assignment.sentences": Property("modality assignment of sentences"),
    "alignment.global": Property("distance of image and report, global"),
    "alignment.regions": Property("distance of regions to their report (root mean square)"),
    "alignment.sentences": Property("distance of sentences to their image (root mean square)"),
}
"""Of image and report together; the whole key."""

PUBLISHED = "MIMIC-CXR test split; means over pairs count each embedding with itself"
"""On what the published properties were measured."""

SIDES: Mapping[str, str] = {"image": "images", "report": "reports"}


def known(key: str) -> Property | None:
    """Return the property of a key; None for what has no words here, as a deviation has none."""
    side, _, name = key.partition(".")
    return BETWEEN.get(key) or (PROPERTIES.get(name) if side in SIDES else None)


def label_of(key: str) -> str:
    """Return how the property of a key is called."""
    found, side = known(key), key.partition(".")[0]
    assert found is not None, key
    return f"{on_side(found.label, side)} ({SIDES[side]})" if side == "report" else found.label


def on_side(words: str, side: str) -> str:
    """Return words for the embeddings of images as they are said of those of reports, where the side is theirs."""
    if side != "report":
        return words
    return (
        words.replace("regions", "sentences")
        .replace("an image", "a report")
        .replace("of images", "of reports")
    )


def keys_of(all_values: Sequence[Values]) -> list[str]:
    """Return the keys that any of these have, in the order of tables."""
    order = [f"{side}.{name}" for side in SIDES for name in PROPERTIES] + list(BETWEEN)
    return [key for key in order if any(key in values for values in all_values)]


def shown(values: Values, key: str) -> str:
    """Return a property as text, with its deviation over images where it has one."""
    if key not in values:
        return MISSING
    found = known(key)
    assert found is not None, key
    text = number(values[key], found.form)
    spread = values.get(f"{key}.std")
    return text if spread is None else f"{text} ± {number(spread, found.form)}"


def number(value: float, form: Form = "plain") -> str:
    """Return a number with three decimals, or as a power of ten."""
    return (
        f"{value:.2e}" if form == "power" else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
    ).replace("-", "−", 1 if value < 0 else 0)


def side_by_side(first: Values, second: Values) -> list[tuple[str, str, str]]:
    """Return name and both values of the properties that either has."""
    return [(label_of(key), shown(first, key), shown(second, key)) for key in keys_of([first, second])]


def question_title(question: EmbeddingQuestion) -> str:
    """Return on what embeddings were measured."""
    what = "studies of corpus" if question.source == "corpus" else "images of"
    options = f", {', '.join(question.reference_options)}" if question.reference_options else ""
    return f"{question.images:,} test {what} {dataset_label(question.dataset)}, {question.image_side} pixels{options}"


def edition(question: EmbeddingQuestion) -> str:
    """Return what tells questions of one title apart."""
    return f"{question.protocol}, data {question.dataset_sha256[:8]}"


def question_titles(questions: Mapping[str, EmbeddingQuestion]) -> dict[str, str]:
    """Return on what embeddings were measured, by key; equal titles get the protocol and the data's digest."""
    titles = {key: question_title(question) for key, question in questions.items()}
    count = Counter(titles.values())
    return {
        key: title if count[title] == 1 else f"{title}, {edition(questions[key])}"
        for key, title in titles.items()
    }


def correlation_text(found: Correlation | None) -> str:
    """Return a correlation with its interval and its number of rows."""
    if found is None:
        return MISSING
    interval = MISSING
    if found.low is not None and found.high is not None:
        interval = f"{found.low:+.2f} to {found.high:+.2f}"
    return f"{found.value:+.2f} ({interval}), n = {found.rows}".replace("-", "−")
