"""t-SNE of local and global features, by what is to be seen in region and image (analysis.md section 4)."""

from __future__ import annotations

import numpy as np

from lovt_bench.benchmark.analysis.figures.figure import Drawn, Figures, LeftOut
from lovt_bench.benchmark.analysis.figures.subject import FIRST, Subject
from lovt_bench.benchmark.analysis.findings import NOTHING, region_shares
from lovt_bench.benchmark.analysis.projection import PERPLEXITY, projection_of
from lovt_bench.benchmark.contract.projection import LARGEST, TSNE, Projection
from lovt_bench.leaderboard.show.plots.figure import WIDTH, chart_svg
from lovt_bench.leaderboard.show.plots.scatter import class_chart, share_chart


def tsne_figures(subject: Subject) -> Figures:
    """Yield local features by foreground of the region and by class of the image, and global features by class."""
    name = subject.file("tsne")
    findings = subject.findings
    if findings is None:
        why = "the images have neither masks, boxes nor labels that points could be coloured by"
        yield LeftOut(name, why)
        return
    height, width = subject.grid
    images = min(FIRST, subject.question.images, max(1, LARGEST // (height * width)))
    maps = subject.maps(images)
    local = _projection(subject, "local", images, maps.transpose(0, 2, 3, 1).reshape(-1, maps.shape[1]))
    what = f"{len(local.points):,} positions of the first {images} images, {height} x {width} each."
    if findings.foreground is not None:
        shares = region_shares(findings.foreground[:images], (height, width)).ravel().tolist()
        yield Drawn(
            name=subject.file("tsne-local-foreground"),
            title="t-SNE of local features by foreground of the region",
            body=chart_svg(share_chart(local.points, shares, "share of the region in a finding", WIDTH)),
            notes=[what, _how(local)],
            **subject.words(),
        )
    classes = np.repeat(findings.classes[:images], height * width).tolist()
    yield Drawn(
        name=subject.file("tsne-local-class"),
        title="t-SNE of local features by class of the image",
        body=chart_svg(class_chart(local.points, classes, NOTHING, WIDTH)),
        notes=[what, _how(local)],
        **subject.words(),
    )
    try:
        whole = min(len(subject.vectors), LARGEST)
        found = _projection(subject, "global", whole, subject.vectors[:whole])
    except ValueError as error:
        yield LeftOut(subject.file("tsne-global-class"), str(error))
        return
    which = "all" if whole == subject.question.images else "the first"
    yield Drawn(
        name=subject.file("tsne-global-class"),
        title="t-SNE of global features by class of the image",
        body=chart_svg(class_chart(found.points, findings.classes[:whole], NOTHING, WIDTH)),
        notes=[f"Mean over the positions of each image, {which} {whole:,} images.", _how(found)],
        **subject.words(),
    )


def _projection(subject: Subject, space: str, images: int, embeddings: np.ndarray) -> Projection:
    question = subject.question
    folder = question.path.parent / TSNE
    return projection_of(folder, [question.key, space], question.source.name, images, embeddings)


def _how(found: Projection) -> str:
    fewer = (
        f", less than {PERPLEXITY:g} because there are few points" if found.perplexity < PERPLEXITY else ""
    )
    return (
        f"Perplexity {found.perplexity:g}{fewer}; from PCA, with a fixed seed. Features as they are, not scaled to "
        "length 1. Near points are alike; distances between groups, and axes, mean nothing."
    )
