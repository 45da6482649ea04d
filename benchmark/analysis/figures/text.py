"""t-SNE of what a method makes of reports, and of images and reports in their shared space (analysis.md section 4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lovt_bench.benchmark.analysis.figures.figure import Drawn, Figures, LeftOut
from lovt_bench.benchmark.analysis.figures.projected import how, projection
from lovt_bench.benchmark.analysis.figures.subject import Subject
from lovt_bench.benchmark.analysis.findings import NOTHING
from lovt_bench.benchmark.analysis.studies import Study
from lovt_bench.benchmark.contract.projection import LARGEST
from lovt_bench.leaderboard.show.plots.figure import WIDTH, chart_svg
from lovt_bench.leaderboard.show.plots.scatter import class_chart

_LOCAL = {
    "zl_a": "regions",
    "zl_b": "sentences",
    "zl_b2a": "reports as regions see them",
    "zl_a2b": "images as sentences see them",
}
_GLOBAL = {"zg_a": "images", "zg_b": "reports"}


def text_figures(subject: Subject) -> Figures:
    """Yield sentences and reports by class, projected regions beside sentences, projected images beside reports."""
    inside = subject.inside
    reports = inside.everywhere.get("yg_b")
    if reports is None:
        yield LeftOut(subject.file("tsne-text"), "there are no reports, or the method has no text side")
        return
    studies = _fitting(inside.studies, ["yl_b"])
    names = subject.findings.classes if subject.findings is not None else [NOTHING] * subject.question.images
    sentences = [study.yl_b for study in studies if study.yl_b is not None]
    yield _drawn(
        subject,
        "tsne-sentences-class",
        "t-SNE of sentences by class of the image",
        np.concatenate(sentences),
        [name for name, found in zip(names, sentences, strict=False) for _ in found],
        len(studies),
        f"{sum(map(len, sentences)):,} sentences of the first {len(studies)} studies.",
    )
    yield _drawn(
        subject,
        "tsne-reports-class",
        "t-SNE of reports by class of the image",
        reports[:LARGEST],
        names[:LARGEST],
        min(LARGEST, len(reports)),
        f"{min(LARGEST, len(reports)):,} reports.",
    )
    yield _local(subject)
    if set(_GLOBAL) <= set(inside.everywhere):
        most = LARGEST // 2
        parts = [inside.everywhere[name][:most] for name in _GLOBAL]
        yield _drawn(
            subject,
            "tsne-projected-global",
            "t-SNE of projected images and reports",
            np.concatenate(parts),
            [word for word, part in zip(_GLOBAL.values(), parts, strict=True) for _ in part],
            len(parts[0]),
            f"{len(parts[0]):,} studies, in the space where the method compares images with reports.",
        )


def _local(subject: Subject) -> Drawn | LeftOut:
    there = [name for name in _LOCAL if getattr(subject.inside.studies[0], name) is not None]
    if not {"zl_a", "zl_b"} <= set(there):
        return LeftOut(subject.file("tsne-projected-local"), "the method projects no regions and sentences")
    studies = _fitting(subject.inside.studies, there)
    parts = [np.concatenate([getattr(study, name) for study in studies]) for name in there]
    return _drawn(
        subject,
        "tsne-projected-local",
        "t-SNE of projected regions and sentences",
        np.concatenate(parts),
        [_LOCAL[name] for name, part in zip(there, parts, strict=True) for _ in part],
        len(studies),
        f"The first {len(studies)} studies, in the space where the method compares regions with sentences.",
    )


def _fitting(studies: Sequence[Study], names: Sequence[str]) -> list[Study]:
    """Return the first studies whose embeddings of these names are few enough for one projection, at least one."""
    sizes = np.cumsum([sum(len(getattr(study, name)) for name in names) for study in studies])
    return list(studies[: max(1, int(np.searchsorted(sizes, LARGEST, side="right")))])


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
