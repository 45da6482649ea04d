"""What the validation loss is a mean over, against numpy."""

import numpy as np
import pytest
import torch

from lovt_bench.benchmark.engine.validation_loss import LossMean

LOSSES, IMAGES = [0.2, 0.4, 1.0], [8, 8, 3]


@pytest.mark.parametrize(
    ("mean", "weights"), [("batches", None), ("images", IMAGES)], ids=["published", "corrected"]
)
def test_a_short_last_batch_counts_fully_as_published_and_by_its_images_when_corrected(mean, weights):
    losses = LossMean(mean)
    for loss, images in zip(LOSSES, IMAGES, strict=True):
        losses.update(torch.tensor(loss, dtype=torch.float64), images)
    assert float(losses.compute()) == pytest.approx(np.average(LOSSES, weights=weights))


def test_runs_that_train_together_keep_means_of_their_own():
    losses = LossMean("batches")
    for row in ([0.1, 1.0], [0.3, 2.0]):
        losses.update(torch.tensor(row), 4)
    assert losses.compute().tolist() == pytest.approx([0.2, 1.5])


def test_a_mean_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="no batch was added"):
        LossMean("batches").compute()
