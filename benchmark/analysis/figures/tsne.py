"""t-SNE of local and global features, by what is to be seen in region and image (analysis.md section 4)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lovt_bench.benchmark.analysis.figures.figure import Drawn, Figures, LeftOut
from lovt_bench.benchmark.analysis.figures.projected import how, projection
from lovt_bench.benchmark.analysis.figures.subject import FIRST, Subject
from lovt_bench.benchmark.analysis.findings import NO_CLASSES, NOTHING, region_shares
from lovt_bench.benchmark.contract.projection import LARGEST
from lovt_bench.leaderboard.show.plots.figure import WIDTH, chart_svg
from lovt_bench.leaderboard.show.plots.scatter import class_chart, share_chart
from lovt_bench.leaderboard.show.plots.theme import Spec


def tsne_figures(subject: Subject) -> Figures:
    """Yield local features by foreground, image and position, and global features by class of the image."""
    if subject.findings is None:
        yield LeftOut(subject.file("tsne-local-class"), NO_CLASSES)
    yield from _local(subject)
    if subject.findings is not None:
        yield _global(subject, subject.findings.classes)


def _local(subject: Subject) -> Iterator[Drawn]:
    height, width = subject.grid
    images = min(FIRST, subject.question.images, max(1, LARGEST // (height * width)))
    maps = subject.maps(images)
    found = projection(subject, "local", images, maps.transpose(0, 2, 3, 1).reshape(-1, maps.shape[1]))
    what = f"{len(found.points):,} positions of the first {images} images, {height} x {width} each."

    def drawn(kind: str, by: str, chart: Spec) -> Drawn:
        return Drawn(
            name=subject.file(f"tsne-local-{kind}"),
            title=f"t-SNE of local features by {by}",
            body=chart_svg(chart),
            notes=[what, how(found)],
            **subject.words(),
        )

    findings = subject.findings
    if findings is not None and findings.foreground is not None:
        shares = region_shares(findings.foreground[:images], (height, width)).ravel().tolist()
        chart = share_chart(found.points, shares, "share of the region in a finding", WIDTH)
        yield drawn("foreground", "foreground of the region", chart)
    if findings is not None:
        classes = np.repeat(findings.classes[:images], height * width).tolist()
        yield drawn("class", "class of the image", class_chart(found.points, classes, NOTHING, WIDTH))
    rows = np.linspace(0, 1, height).repeat(width)
    title = "position: 0 % in the top row of the image, 100 % in the bottom row"
    chart = share_chart(found.points, np.tile(rows, images).tolist(), title, WIDTH)
    yield drawn("position", "position in the image", chart)


def _global(subject: Subject, classes: list[str]) -> Drawn | LeftOut:
    name = subject.file("tsne-global-class")
    images = min(len(subject.vectors), LARGEST)
    try:
        found = projection(subject, "global", images, subject.vectors[:images])
    except ValueError as error:
        return LeftOut(name, str(error))
    which = "all" if images == subject.question.images else "the first"
    return Drawn(
        name=name,
        title="t-SNE of global features by class of the image",
        body=chart_svg(class_chart(found.points, classes[:images], NOTHING, WIDTH)),
        notes=[f"Mean over the positions of each image, {which} {images:,} images.", how(found)],
        **subject.words(),
    )
