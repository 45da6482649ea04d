"""A method behind its backbone, made again from `analysis.safetensors`: text model, pooling, heads, attention."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lovt_bench.benchmark.backbone.analysis_file import AnalysisFile
from lovt_bench.benchmark.contract.analysis_file import ANALYSIS_FILE, TextSpec
from lovt_bench.submissions.common.image_text.features import ReportFeatures
from lovt_bench.submissions.common.image_text.parts import Inside
from lovt_bench.submissions.common.image_text.rebuilt import parts_of
from lovt_bench.submissions.common.text.source import folder_here

TEXT_MODEL = "LOVT_BENCH_TEXT_MODEL"
"""Environment variable: folder of the text model that the method started from."""


class Method:
    """The parts of a method on a device.

    Args:
        file: The method's.
        device: Where to compute.

    Raises:
        ValueError: Tensors are not what the file says, or the text model is not here or another one.
    """

    def __init__(self, file: AnalysisFile, device: torch.device) -> None:
        self.header, self.device = file.header, device
        parts, self._tokeniser = parts_of(file, text_model_folder(file.header.text))
        self._parts = parts.to(device)

    @torch.inference_mode()
    def encode_reports(self, reports: Sequence[Sequence[str]]) -> ReportFeatures:
        """Return the features of the sentences of each report, float32 on the device."""
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


def text_model_folder(text: TextSpec) -> Path | None:
    """Return the folder that completes a text model; None where nothing is missing in the file.

    Raises:
        ValueError: It is not here; the message says where it is looked for.
    """
    if text.is_whole:
        return None
    named = os.environ.get(TEXT_MODEL)
    folder = Path(named).expanduser() if named else folder_here(text.name)
    if folder is None or not folder.is_dir():
        unset = f"{TEXT_MODEL} is not set, and the cache of Hugging Face does not have it"
        where = f"{TEXT_MODEL}={named} is no folder" if named else unset
        raise ValueError(
            f"the text model {text.name}, of which the method trained a part only, is not here: {where}; set "
            f"{TEXT_MODEL} to its folder"
        )
    return folder
