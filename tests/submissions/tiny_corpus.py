"""A corpus of a few small images, written by the format alone (docs/data.md), without the preparer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.corpus import CHEXPERT_LABELS, MASKS, CorpusManifest, CorpusSplit
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, PixelStatistics
from lovt_bench.benchmark.disk.digest import file_sha256

SENTENCES = (
    "The heart is mildly enlarged.",
    "There is a small left pleural effusion.",
    "No pneumothorax.",
    "Opacity at the right base may be atelectasis.",
    "The lungs are clear.",
    "Mild interstitial edema is present.",
)


def write_corpus(
    root: Path,
    *,
    train: int = 8,
    validation: int = 4,
    test: int = 2,
    side: int = 48,
    reports: bool = True,
    labels: bool = True,
    masks: bool = False,
    seed: int = 0,
    display_name: str = "tiny corpus",
) -> Path:
    """Write a corpus; every third study has two views, images are not square, labels show as bright stripes.

    With `masks`, each label that a study has covers its stripe in the mask, and twice as much in the box.
    """
    rng = np.random.default_rng(seed)
    root.mkdir(parents=True, exist_ok=True)
    names = list(CHEXPERT_LABELS) if labels else []
    pixels: list[np.ndarray] = []
    planes: list[np.ndarray] = []
    studies: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    offset = 0
    for split, count in zip(SPLIT_NAMES, (train, validation, test), strict=True):
        for number in range(count):
            study = len(studies)
            values = rng.integers(0, 2, 5)
            values[0] = number % 2
            views = 2 if study % 3 == 2 else 1
            first = len(images)
            for view in range(views):
                height, width = side + 4 * (study % 3), side + 6 * view
                image = rng.integers(0, 120, (height, width), dtype=np.uint8)
                for label in np.flatnonzero(values):
                    image[label * 6 : label * 6 + 5] += 110
                shown = np.zeros((2, len(names), 8, 8), bool)
                for label in np.flatnonzero(values[: len(names)]):
                    shown[0, label, label] = shown[1, label, label : label + 2] = True
                planes.append(np.packbits(shown, axis=-1))
                pixels.append(image.reshape(-1))
                images.append(
                    {
                        "id": f"i{len(images)}", "study": study, "split": split, "offset": offset,
                        "height": height, "width": width, "source": f"i{len(images)}.png",
                        "source_height": height, "source_width": width, "view": "PA",
                        "pixel_mean": image.mean() / 255, "pixel_variance": (image / 255).var(),
                    }
                )  # fmt: skip
                offset += image.size
            chosen = [SENTENCES[i] for i in rng.permutation(len(SENTENCES))[: 1 + study % 4]]
            studies.append(
                {
                    "id": f"s{study}", "patient": f"p{study}", "split": split, "date": None, "first_image": first,
                    "image_count": views, "sentences": chosen if reports else [], "findings_sentences": len(chosen),
                    "impression_sentences": 0, "findings_tokens": 9, "impression_tokens": 0,
                    "labels": values.astype(np.float32).tolist() if labels else [], "raw_labels": [],
                    "pixel_mean": 0.4, "pixel_variance": 0.05,
                }
            )  # fmt: skip
    np.save(root / "pixels.npy", np.concatenate(pixels))
    if masks:
        np.save(root / MASKS, np.stack(planes))
    table = pd.DataFrame(images)
    table.astype({"height": "int32", "width": "int32"}).to_parquet(root / "images.parquet")
    pd.DataFrame(studies).astype({"image_count": "int32"}).to_parquet(root / "studies.parquet")
    summaries = {
        split: CorpusSplit(
            studies=sum(study["split"] == split for study in studies),
            images=sum(image["split"] == split for image in images),
            positives=[0] * len(names),
        )
        for split in SPLIT_NAMES
    }
    manifest = CorpusManifest(
        name=root.name,
        display_name=display_name,
        track="phantom",
        side=512,
        label_names=names,
        has_reports=reports,
        splits=summaries,
        pixel_statistics=PixelStatistics(mean=0.4, std=0.22),
        files={
            name: file_sha256(root / name)
            for name in ("pixels.npy", "images.parquet", "studies.parquet", *([MASKS] if masks else []))
        },
        sources_sha256=digest_of([train, validation, test, side, seed]),
        created="2026-01-01T00:00:00+00:00",
    )
    (root / "corpus.json").write_text(manifest.to_json(), encoding="utf-8")
    return root
