"""Base of ConVIRT and CLIP: images and reports as wholes, two projection heads, the global loss alone."""

from __future__ import annotations

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.image_text.features import ImageFeatures, Losses, ReportFeatures
from lovt_bench.submissions.common.image_text.global_losses import global_losses
from lovt_bench.submissions.common.image_text.module import ImageTextModule
from lovt_bench.submissions.common.image_text.parts import Heads
from lovt_bench.submissions.common.image_text.settings import ImageTextSettings
from lovt_bench.submissions.common.projection import ProjectionHead


class WholePairModule(ImageTextModule):
    """A method is its settings: how features are pooled, what heads look like, which sentences are shown."""

    def __init__(self, settings: ImageTextSettings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        self.image_head = ProjectionHead(self.image_channels, **settings.head)
        self.report_head = ProjectionHead(self.text.dimension, **settings.head)

    def heads(self) -> Heads:
        return Heads(image_global=self.image_head, report_global=self.report_head)

    def losses(self, image: ImageFeatures, report: ReportFeatures) -> Losses:
        images, reports = self.image_head(image.pooled), self.report_head(report.pooled)
        return global_losses(images, reports, self.settings)
