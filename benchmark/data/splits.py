"""The protocol's split rules with a seed (datasets.md sections 2 to 6). The published splits were drawn without one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lovt_bench.benchmark.contract.dataset import SplitName

Drawn = dict[SplitName, list[str]]


def permuted(ids: Sequence[str], test_fraction: float, validation_fraction: float, seed: int) -> Drawn:
    """Permute all images; the first round(f * N) are test, the next validation, the rest train."""
    order = [ids[place] for place in np.random.default_rng(seed).permutation(len(ids))]
    test = round(test_fraction * len(ids))
    end = test + round(validation_fraction * len(ids))
    return {"train": order[end:], "validation": order[test:end], "test": order[:test]}


def by_patient(
    ids: Sequence[str],
    patients: Sequence[str],
    test_fraction: float,
    validation_fraction: float,
    seed: int,
) -> Drawn:
    """Permute patients and add whole patients to test until it holds round(f * N) images, then to validation.

    Images of a patient stay together and keep their order.
    """
    images: dict[str, list[str]] = {}
    for name, patient in zip(ids, patients, strict=True):
        images.setdefault(patient, []).append(name)
    known = list(images)
    drawn: Drawn = {"train": [], "validation": [], "test": []}
    wanted: dict[SplitName, int] = {
        "test": round(test_fraction * len(ids)),
        "validation": round(validation_fraction * len(ids)),
    }
    for place in np.random.default_rng(seed).permutation(len(known)):
        split: SplitName = next((name for name, n in wanted.items() if len(drawn[name]) < n), "train")
        drawn[split] += images[known[place]]
    return drawn


def by_image_or_person(
    ids: Sequence[str],
    people: Sequence[str | None],
    test_fraction: float,
    validation_fraction: float,
    seed: int,
) -> Drawn:
    """Split by patient where one is known; an image of an unknown patient is a patient of its own."""
    own = [f"image {name}" if who is None else who for name, who in zip(ids, people, strict=True)]
    return by_patient(ids, own, test_fraction, validation_fraction, seed)


def held_out(ids: Sequence[str], fraction: float, seed: int) -> tuple[list[str], list[str]]:
    """Return (kept, held out) as scikit-learn's `train_test_split`, given this `random_state`."""
    order = [ids[place] for place in np.random.RandomState(seed).permutation(len(ids))]
    held = math.ceil(fraction * len(ids))
    return order[held:], order[:held]
