"""CLIP with the encoders of LoVT: one sentence of a report, attention pooling (pretraining.md section 1)."""

from __future__ import annotations

from typing import Literal

from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.image_text.settings import ImageTextSettings
from lovt_bench.submissions.common.image_text.whole_pairs import WholePairModule
from lovt_bench.submissions.common.text.sentences import SentenceChoice


class Settings(ImageTextSettings):
    """Defaults are CLIP_100."""

    report_pooling: Literal["attention", "max"] = "max"
    sentences: SentenceChoice = "one"


class CLIP(WholePairModule):
    """Align images with one sentence of their reports by contrast."""

    settings: Settings


if __name__ == "__main__":
    run(CLIP, Settings)
