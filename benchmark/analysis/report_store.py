"""Features of reports on disk, batch by batch: a run that was cut off, or another question, goes on with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from lovt_bench.benchmark.backbone.weights import not_finite
from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.disk.temporary import write_bytes
from lovt_bench.benchmark.log import logger
from lovt_bench.submissions.common.image_text.features import VERSION, ReportFeatures

_FORMAT = 1
_MOST_BYTES = 1 << 30


class ReportStore:
    """What a method's text model says of the reports of a split.

    Args:
        root: `workspace/features`.
        name: Of the corpus.
        method_sha256: Digest of the method's file.
        corpus_sha256: Identity of the images and reports.
        device: Where features are computed, and wanted.
    """

    def __init__(
        self, root: Path, name: str, method_sha256: str, corpus_sha256: str, device: torch.device
    ) -> None:
        identity = {
            "format": _FORMAT,
            "features": VERSION,
            "method": method_sha256,
            "corpus": corpus_sha256,
            "device": device.type,
        }
        self.folder, self._device = root / f"{name}-reports-{digest_of(identity)[:24]}", device

    def batch(
        self, first: int, reports: Sequence[Sequence[str]], make: Callable[[], ReportFeatures]
    ) -> ReportFeatures:
        """Return the features of the reports from `first`; `make` computes them where they are not stored."""
        # A report's pooled features may depend on its batch, so that the number of reports tells files apart.
        path = self.folder / f"{first}-{len(reports)}.safetensors"
        try:
            return _checked(load(read_plain(path, _MOST_BYTES)), len(reports), self._device)
        except FileNotFoundError:
            pass
        except (OSError, PlainFileError, SafetensorError, ValueError) as error:
            logger.warning("features of reports %s: %s; made again", path, error)
        found = make()
        named = {name: each for name, each in found._asdict().items() if each is not None}
        write_bytes(path, save({name: each.cpu().contiguous() for name, each in named.items()}))
        return found


def _checked(stored: dict[str, Tensor], reports: int, device: torch.device) -> ReportFeatures:
    """Return stored features; raises ValueError where they are not those of so many reports."""
    kinds = {name: each.dtype for name, each in stored.items()}
    expected = {"sentences": torch.float32, "pooled": torch.float32, "mask": torch.bool}
    if kinds not in (expected, expected | {"weights": torch.float32}):
        raise ValueError("it holds other tensors")
    sentences, pooled, mask = stored["sentences"], stored["pooled"], stored["mask"]
    weights = stored.get("weights")
    fits = sentences.ndim == 3 and sentences.shape[0] == reports and mask.shape == sentences.shape[:2]
    fits &= pooled.shape == (reports, sentences.shape[-1]) and (
        weights is None or weights.shape == mask.shape
    )
    if not fits or not_finite(stored) or not bool(mask.any(1).all()):
        raise ValueError("its tensors have other shapes, or are not finite")
    return ReportFeatures(
        sentences.to(device),
        pooled.to(device),
        None if weights is None else weights.to(device),
        mask.to(device),
    )
