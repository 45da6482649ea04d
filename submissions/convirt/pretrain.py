"""ConVIRT: images and one sentence of their reports, average pooling, no batch norm (pretraining.md section 1)."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt

from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.image_text.settings import ImageTextSettings
from lovt_bench.submissions.common.image_text.whole_pairs import WholePairModule
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


class ConVIRT(WholePairModule):
    """Align images with one sentence of their reports by contrast, with the original's plain heads."""

    settings: Settings


if __name__ == "__main__":
    run(ConVIRT, Settings)
