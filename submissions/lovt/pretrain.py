"""LoVT: local and global alignment of images with their reports (pretraining.md section 1).

Image and report encoder with their pooling: `submissions/common/image_text/module.py`. Heads, attention between
regions and sentences, and the six losses: `alignment.py`.
"""

from __future__ import annotations

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.image_text.features import ImageFeatures, Losses, ReportFeatures
from lovt_bench.submissions.common.image_text.module import ImageTextModule
from lovt_bench.submissions.common.image_text.parts import Heads
from lovt_bench.submissions.lovt.alignment import Alignment
from lovt_bench.submissions.lovt.settings import Settings


class LoVT(ImageTextModule):
    """Align images with reports as wholes, and regions with sentences, by contrast."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        side = settings.image_side // self.backbone.levels[-1].stride
        self.alignment = Alignment(self.image_channels, self.text.dimension, (side, side), settings)

    def heads(self) -> Heads:
        return self.alignment.heads()

    def losses(self, image: ImageFeatures, report: ReportFeatures) -> Losses:
        found: Losses = self.alignment(image, report)
        return found


if __name__ == "__main__":
    run(LoVT, Settings)
