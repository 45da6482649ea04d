"""ConVIRT: images and one sentence of their reports, average pooling, no batch norm (pretraining.md section 1)."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.image_text.features import ImageFeatures, Losses, ReportFeatures
from lovt_bench.submissions.common.image_text.global_losses import global_losses
from lovt_bench.submissions.common.image_text.module import ImageTextModule
from lovt_bench.submissions.common.image_text.parts import Heads
from lovt_bench.submissions.common.image_text.settings import ImageTextSettings
from lovt_bench.submissions.common.projection import ProjectionHead
from lovt_bench.submissions.common.settings import Schedule
from lovt_bench.submissions.common.text.sentences import SentenceChoice


class Settings(ImageTextSettings):
    """Defaults are ConVIRT_100."""

    accumulate: PositiveInt = 1
    optimiser: Literal["adam", "adamw"] = "adam"
    schedule: Schedule = "plateau"
    max_epochs: PositiveInt = 500
    patience: PositiveInt | None = 15

    image_pooling: Literal["attention", "average"] = "average"
    report_pooling: Literal["attention", "max"] = "max"
    sentences: SentenceChoice = "one"
    projection_norm: Literal["batch", "none"] = "none"


class ConVIRT(ImageTextModule):
    """Align images with one sentence of their reports by contrast, with the original's plain heads."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        self.image_head = ProjectionHead(self.image_channels, **settings.head)
        self.report_head = ProjectionHead(self.text.dimension, **settings.head)

    def heads(self) -> Heads:
        return Heads(image_global=self.image_head, report_global=self.report_head)

    def losses(self, image: ImageFeatures, report: ReportFeatures) -> Losses:
        images, reports = self.image_head(image.pooled), self.report_head(report.pooled)
        return global_losses(images, reports, self.settings)


if __name__ == "__main__":
    run(ConVIRT, Settings)
