"""The global loss as all methods with reports use it: weighted, its negatives gathered over ranks if asked."""

from __future__ import annotations

from torch import Tensor

from lovt_bench.submissions.common.distributed import gather_with_gradient, rank, world_size
from lovt_bench.submissions.common.image_text.features import Losses
from lovt_bench.submissions.common.image_text.settings import TwoEncoderSettings
from lovt_bench.submissions.common.losses.global_alignment import global_alignment


def global_losses(images: Tensor, reports: Tensor, settings: TwoEncoderSettings) -> Losses:
    """Return the loss of projected images and reports (B, d), not yet of unit length."""
    temperature = settings.global_temperature
    if settings.gather_negatives and world_size() > 1:
        found = global_alignment(
            images,
            reports,
            temperature,
            all_images=gather_with_gradient(images),
            all_reports=gather_with_gradient(reports),
            first=rank() * len(images),
        )
    else:
        found = global_alignment(images, reports, temperature)
    return Losses(
        found.total(settings.global_image_weight, settings.global_report_weight),
        {
            "global_a2b_loss": found.image_to_report,
            "global_b2a_loss": found.report_to_image,
            **{f"global_{name}_acc": value for name, value in found.accuracies.items()},
        },
    )
