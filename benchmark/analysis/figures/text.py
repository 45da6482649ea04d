"""t-SNE of what a method makes of reports, and of images and reports in their shared space (analysis.md section 4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lovt_bench.benchmark.analysis.figures.figure import Drawn, Figures, LeftOut
from lovt_bench.benchmark.analysis.figures.projected import how, projection
from lovt_bench.benchmark.analysis.figures.subject import Subject
from lovt_bench.benchmark.analysis.findings import NO_CLASSES, NOTHING
from lovt_bench.benchmark.analysis.studies import Study
from lovt_bench.benchmark.contract.projection import LARGEST
from lovt_bench.leaderboard.show.plots.figure import WIDTH, chart_svg
from lovt_bench.leaderboard.show.plots.scatter import class_chart

_SENTENCES = 100
"""Of a report at most: those of a hundred reports fit into one projection."""


def text_figures(subject: Subject) -> Figures:
    """Yield images as the method pools them, sentences and reports by class, and images beside reports."""
    everywhere = subject.inside.everywhere
    findings, why = subject.findings, subject.question.no_text
    if findings is None:
        yield LeftOut(subject.file("tsne-reports-class"), NO_CLASSES)
    elif "weights_a" in everywhere:
        pooled = everywhere["yg_a"][:LARGEST]
        title = "t-SNE of images by their class, as the method pools them"
        what = f"{len(pooled):,} images, their regions pooled by the method's attention."
        yield _drawn(
            subject, "tsne-pooled-class", title, pooled, findings.classes[:LARGEST], len(pooled), what
        )
    if why is not None:
        yield LeftOut(subject.file("tsne-reports"), why)
        return
    if findings is not None:
        yield from _by_class(subject, everywhere["yg_b"][:LARGEST], findings.classes)
    yield _local(subject)
    if "zg_a" in everywhere and "zg_b" in everywhere:
        images, texts = everywhere["zg_a"][: LARGEST // 2], everywhere["zg_b"][: LARGEST // 2]
        yield _drawn(
            subject,
            "tsne-projected-global",
            "t-SNE of projected images and reports",
            np.concatenate([images, texts]),
            ["images"] * len(images) + ["reports"] * len(texts),
            len(images),
            f"{len(images):,} studies, in the space where the method compares images with reports.",
        )


def _by_class(subject: Subject, reports: np.ndarray, classes: Sequence[str]) -> Figures:
    studies = [study.yl_b[:_SENTENCES] for study in subject.inside.studies if study.yl_b is not None]
    sentences = np.concatenate(studies)
    of_each = [name for name, found in zip(classes, studies, strict=False) for _ in found]
    title = "t-SNE of sentences by class of the image"
    what = f"{len(sentences):,} sentences of the first {len(studies)} studies."
    yield _drawn(subject, "tsne-sentences-class", title, sentences, of_each, len(studies), what)
    title, what = "t-SNE of reports by class of the image", f"{len(reports):,} reports."
    yield _drawn(subject, "tsne-reports-class", title, reports, classes[: len(reports)], len(reports), what)


def _local(subject: Subject) -> Drawn | LeftOut:
    kept: list[dict[str, np.ndarray]] = []
    points = 0
    for study in subject.inside.studies:
        found = _projected(study)
        if found is None:
            return LeftOut(
                subject.file("tsne-projected-local"), "the method projects no regions and sentences"
            )
        points += sum(map(len, found.values()))
        if kept and points > LARGEST:
            break
        kept.append(found)
    parts = {word: np.concatenate([found[word] for found in kept]) for word in kept[0]}
    return _drawn(
        subject,
        "tsne-projected-local",
        "t-SNE of projected regions and sentences",
        np.concatenate(list(parts.values())),
        [word for word, part in parts.items() for _ in part],
        len(kept),
        f"The first {len(kept)} studies, in the space where the method compares regions with sentences.",
    )


def _projected(study: Study) -> dict[str, np.ndarray] | None:
    """Return what a study is in the space of regions and sentences; None where the method has no such space."""
    if study.zl_a is None or study.zl_b is None:
        return None
    found = {"regions": study.zl_a, "sentences": study.zl_b}
    if study.zl_b2a is not None and study.zl_a2b is not None:
        found |= {"reports as regions see them": study.zl_b2a, "images as sentences see them": study.zl_a2b}
    return found


def _drawn(
    subject: Subject,
    kind: str,
    title: str,
    embeddings: np.ndarray,
    classes: Sequence[str],
    images: int,
    what: str,
) -> Drawn | LeftOut:
    name = subject.file(kind)
    try:
        found = projection(subject, kind, images, embeddings)
    except ValueError as error:
        return LeftOut(name, str(error))
    return Drawn(
        name=name,
        title=title,
        body=chart_svg(class_chart(found.points, classes, NOTHING, WIDTH)),
        notes=[what, how(found)],
        **subject.words(),
    )
