"""A method behind its backbone, made again from `analysis.safetensors`: text model, pooling, heads, attention."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from lovt_bench.benchmark.analysis.text_model import text_model_folder
from lovt_bench.benchmark.backbone.analysis_file import AnalysisFile
from lovt_bench.benchmark.contract.analysis_file import ANALYSIS_FILE
from lovt_bench.submissions.common.image_text.features import ReportFeatures
from lovt_bench.submissions.common.image_text.parts import Inside
from lovt_bench.submissions.common.image_text.rebuilt import parts_of


class Method:
    """The parts of a method on a device.

    Args:
        file: The method's.
        device: Where to compute.
        text: Whether reports are looked at; without them the text model is not made.

    Raises:
        ValueError: Tensors are not what the file says, or the text model is not here or another one.
    """

    def __init__(self, file: AnalysisFile, device: torch.device, *, text: bool) -> None:
        self.header, self.device = file.header, device
        folder = text_model_folder(file.header.text) if text else None
        parts, self._tokeniser = parts_of(file, folder, text=text)
        self._parts = parts.to(device)

    @torch.inference_mode()
    def encode_reports(self, reports: Sequence[Sequence[str]]) -> ReportFeatures:
        """Return the features of the sentences of each report, float32 on the device; the text model must be made."""
        assert self._tokeniser is not None
        tokens = self._tokeniser(reports)
        on_device = {
            name: getattr(tokens, name).to(self.device) for name in ("ids", "attention_mask", "sentence")
        }
        return self._parts.encode_reports(tokens._replace(**on_device))

    @torch.inference_mode()
    def __call__(self, regions: Tensor, report: ReportFeatures | None) -> Inside:
        """Return what the method says of a batch of studies, float32 on the device; weights where they were learnt.

        Args:
            regions: (B, R, D) of the backbone's deepest level, row by row.
            report: Of the same studies; None: of images alone.
        """
        found: Inside = self._parts(regions.to(self.device, torch.float32), report)
        if not all(bool(each.isfinite().all()) for each in _tensors(found)):
            raise ValueError(
                f"what {self.header.method} makes of images or reports is not finite; expected finite values: export "
                f"the backbone again, or remove its {ANALYSIS_FILE}"
            )
        image = found.image
        if not self.header.image.pooling.learnt:
            image = image._replace(weights=None)
        if report is not None and not self.header.report.pooling.learnt:
            report = report._replace(weights=None)
        return found._replace(image=image, report=report)


def _tensors(said: Iterable[Any]) -> Iterator[Tensor]:
    for each in said:
        if isinstance(each, Tensor):
            yield each
        elif each is not None:
            yield from _tensors(each)
