"""{{ name }}: tells by which of four quarter turns an image was rotated. Put your method in its place."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import run
from lovt_bench.submissions.common.image_only import ImageOnlyModule, ImageOnlySettings
from lovt_bench.submissions.common.settings import Schedule


class Settings(ImageOnlySettings):
    """Hyperparameters; variants and profiles of submission.yaml and `--set` change them."""

    initial_weights: str = "random"
    schedule: Schedule = "constant"
    learning_rate: float = 3e-4
    max_epochs: int = 20


class Method(ImageOnlyModule):
    """{{ name }}: four-way classification of rotations."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        self.classify = nn.Linear(self.backbone.levels[-1].channels, 4)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        # Two augmented views (B, 1, S, S) of each image; this method takes the first.
        views, _ = batch
        turns = torch.randint(4, (len(views),))
        turned = torch.stack(
            [view.rot90(int(turn), (-2, -1)) for view, turn in zip(views, turns, strict=True)]
        )
        scores = self.classify(self.features(self.network_input(turned)))
        loss = cross_entropy(scores, turns.to(scores.device))
        self.log("train/loss", loss)
        return loss


if __name__ == "__main__":
    run(Method, Settings)
