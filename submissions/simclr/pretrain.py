"""SimCLR as published beside LoVT (pretraining.md section 6)."""

from __future__ import annotations

from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.distributed import gather_with_gradient
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.image_only import ImageOnlyModule, ImageOnlySettings
from lovt_bench.submissions.common.lightly_parts import modules
from lovt_bench.submissions.common.losses.nt_xent import nt_xent


class Settings(ImageOnlySettings):
    """Defaults are simclr_100."""

    batch_size: int = 128
    learning_rate: float = 3e-4
    temperature: PositiveFloat = 0.1
    projection: PositiveInt = 128


class SimCLR(ImageOnlyModule):
    """SimCLR: tell the two views of an image from the views of all other images of the batch."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        channels = self.backbone.levels[-1].channels
        # Input and output channels, batch norm, activation, bias: lightly's own SimCLR head has biases.
        self.projector = modules.heads.ProjectionHead(
            [(channels, channels, None, nn.ReLU(), False), (channels, settings.projection, None, None, False)]
        )

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        # One after the other: BatchNorm's statistics are those of one view.
        first, second = (self.projector(self.features(self.network_input(views))) for views in batch)
        if self.settings.gather_negatives:
            first, second = gather_with_gradient(first), gather_with_gradient(second)
        loss = nt_xent(first, second, self.settings.temperature)
        self.log("train/loss", loss)
        return loss


if __name__ == "__main__":
    run(SimCLR, Settings)
