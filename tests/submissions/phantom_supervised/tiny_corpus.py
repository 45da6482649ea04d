"""A raw MIMIC-CXR folder in miniature: labels follow from what is drawn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from submissions.phantom_supervised.corpus import LABELS

OTHERS = ("No Finding", "Pneumonia")


def write_tiny_corpus(root: Path, images: int = 12, validation: int = 4, side: int = 128) -> Path:
    """Write `images` training and `validation` validation studies of one PA and one lateral view each."""
    generator = np.random.default_rng(0)
    folder = root / "mimic-cxr-jpg_2-0-0"
    views, splits, labels = [], [], []
    for number in range(images + validation):
        subject, study = 10_000_000 + number, 50_000_000 + number
        present = generator.random(len(LABELS)) < 0.5
        place = folder / "files" / f"p{str(subject)[:2]}" / f"p{subject}" / f"s{study}"
        place.mkdir(parents=True)
        for view, shape in (("PA", (side, side - 20)), ("LATERAL", (side, side))):
            name = f"{number:08x}-{view.lower()}"
            pixels = generator.integers(60, 120, shape)
            for k in np.flatnonzero(present):
                pixels[side * k // 5 : side * (k + 1) // 5, : side // 2] += 100
            Image.fromarray(pixels.astype(np.uint8)).save(place / f"{name}.jpg")
            views.append({"dicom_id": name, "subject_id": subject, "study_id": study, "ViewPosition": view})
            split = "train" if number < images else "validate"
            splits.append({"dicom_id": name, "study_id": study, "subject_id": subject, "split": split})
        values = [(1.0 if number % 2 else -1.0) if p else (0.0 if number % 3 else None) for p in present]
        labels.append({"subject_id": subject, "study_id": study, **dict(zip(LABELS, values, strict=True))})
    for kind, rows in (("metadata", views), ("split", splits), ("chexpert", labels)):
        pd.DataFrame(rows).to_csv(folder / f"mimic-cxr-2.0.0-{kind}.csv.gz", index=False)
    (root / "phantom.json").write_text(json.dumps({"name": "mimic-cxr", "seed": 0}))
    return root
