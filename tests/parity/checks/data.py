"""Checks of data_*: subsets, transforms, box masks, run lengths, Object-CXR, equalisation, whole samples."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.box_masks import as_gif_reads, box_mask
from lovt_bench.benchmark.data.equalise import equalise
from lovt_bench.benchmark.data.object_annotations import (
    object_mask,
    parse_annotation,
    stored_boxes,
    true_boxes,
)
from lovt_bench.benchmark.data.rle import decode_union
from lovt_bench.benchmark.data.split_files import read_split_file
from lovt_bench.benchmark.data.statistics import split_statistics
from lovt_bench.benchmark.data.subsets import subset_rows
from lovt_bench.benchmark.data.transforms import Frame, _nearest, fit_boxes, fit_image, fit_mask, pad_boxes
from lovt_bench.tasks.protocol import load_protocol
from tests.parity.compare import Comparison, Failure
from tests.parity.golden import GoldenFile, guarded

Result = Iterator[Comparison | Failure]


def check_subsets(golden: GoldenFile) -> Result:
    """The first round(n * fraction) rows, halves to even."""
    for case in golden.content:
        fraction = 1.0 if case["fraction"] is None else case["fraction"]
        rows = np.arange(subset_rows(case["n"], fraction))
        name = f"{case.get('split', '')} n={case['n']} fraction={fraction}".strip()
        yield Comparison(name, "size", len(rows), case["size"])
        if "indices" in case:
            yield Comparison(name, "indices", rows, np.array(case["indices"], dtype=np.int64))
        else:
            ends = [int(rows[0]), int(rows[-1])] if len(rows) else [None, None]
            yield Comparison(name, "ends", ends, [case["first"], case["last"]])


def check_transforms(golden: GoldenFile) -> Result:
    """Pad to square and resize, or resize alone: image, boxes, mask."""
    for case, (mean, std) in golden.entry["pixel_mean_std"].items():
        yield from guarded(case, partial(_transform, golden, case, mean, std))
    if "mismatch/mask" in golden.arrays:
        mask, wanted = golden.array("mismatch/mask"), golden.array("mismatch/resized").shape
        rows, columns = (_nearest(*sides) for sides in zip(mask.shape, wanted, strict=True))
        yield golden.compare("mismatch/resized", mask[rows][:, columns], "mismatch")


def _transform(golden: GoldenFile, case: str, mean: float, std: float) -> Iterator[Comparison]:
    image, mask = golden.array(f"{case}/image"), golden.array(f"{case}/mask")
    boxes, side = golden.array(f"{case}/boxes"), golden.entry["target_size"][0]
    height, width = image.shape
    padded = Frame.padded(height, width, side, "short")
    size = np.array([padded.padded_height, padded.padded_width])
    yield golden.compare(f"{case}/padded_size_hw", size, case)
    yield golden.compare(f"{case}/padded_boxes", pad_boxes(boxes, padded), case)
    for mode, frame in (("pad", padded), ("resize", Frame(height, width, side))):
        scan = (fit_image(image, frame) / 255 - mean) / std
        yield golden.compare(f"{case}/{mode}/scan", scan, case)
        yield golden.compare(f"{case}/{mode}/boxes", fit_boxes(boxes, frame), case)
        yield golden.compare(f"{case}/{mode}/mask", fit_mask(mask, frame), case)


def check_box_masks(golden: GoldenFile) -> Result:
    """Masks drawn from boxes, and as their GIFs read back."""
    height, width = golden.entry["image_hw"]
    for name in list(golden.arrays):
        case, _, quantity = name.partition("/")
        if quantity == "boxes":
            mask = box_mask(golden.array(name), height, width)
            yield golden.compare(f"{case}/mask", mask, case)
            yield golden.compare(f"{case}/read_back", as_gif_reads(mask, "background"), case)


def check_siim(golden: GoldenFile) -> Result:
    """Run-length strings to masks; the image side follows from the size of the packed mask."""
    for case, texts in golden.entry["strings"].items():
        side = round((8 * golden.array(f"{case}/mask").size) ** 0.5)
        yield from guarded(case, partial(_siim, golden, case, texts, side))


def _siim(golden: GoldenFile, case: str, texts: list[str], side: int) -> Iterator[Comparison]:
    mask = decode_union(texts, side, side)
    yield golden.compare(f"{case}/mask", np.packbits(mask), case)
    yield golden.compare(f"{case}/fraction", mask.mean(), case)


def check_object_cxr(golden: GoldenFile) -> Result:
    """Annotation strings under the published entries and under the corrected ones."""
    published = load_protocol("lovt-2022").data
    change = {"object_cxr_boxes": "correct", "object_cxr_polygon_masks": "correct"}
    entries = {"": published, "_intended": published.model_copy(update=change)}
    for case, text in golden.entry["annotations"].items():
        for ending, protocol in entries.items():
            yield from guarded(case, partial(_object_cxr, golden, case, text, ending, protocol))


def _object_cxr(
    golden: GoldenFile, case: str, text: str, ending: str, protocol: DataProtocol
) -> Iterator[Comparison]:
    height, width = golden.entry["image_hw"]
    objects = parse_annotation(text)
    yield golden.compare(f"{case}/boxes{ending}", stored_boxes(true_boxes(objects), protocol), case)
    yield golden.compare(f"{case}/mask{ending}", object_mask(objects, height, width, protocol), case)


def check_preprocess(golden: GoldenFile) -> Result:
    """Histogram equalisation with statistics, and the statistics of a split."""
    for name in list(golden.arrays):
        case, _, quantity = name.partition("/")
        if quantity == "image":
            prepared = equalise(golden.array(name))
            yield golden.compare(f"{case}/equalised", prepared.pixels, case)
            yield golden.compare(f"{case}/mean", prepared.mean, case)
            yield golden.compare(f"{case}/var", prepared.variance, case)
    whole = split_statistics(golden.array("split/means"), golden.array("split/vars"))
    yield golden.compare("split/pixel_mean_std", np.array([whole.mean, whole.std]), "split")


def check_rsna_sample(golden: GoldenFile) -> Result:
    """From split file and image to network input, boxes and mask."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test.csv"
        path.write_text(golden.entry["split_file"], encoding="utf-8")
        split = read_split_file(path)
    assert split.boxes is not None
    scan = golden.entry["statistics"]["scan"]
    for case, boxes in zip(split.ids, split.boxes, strict=True):
        mean, std = scan["pixel_mean"], scan["pixel_std"]
        yield from guarded(case, partial(_rsna_sample, golden, case, boxes, mean, std))


def _rsna_sample(
    golden: GoldenFile, case: str, boxes: np.ndarray, mean: float, std: float
) -> Iterator[Comparison]:
    image = golden.array(f"{case}/image")
    side = round((8 * golden.array(f"{case}/mask").size) ** 0.5)
    height, width = image.shape
    frame = Frame.padded(height, width, side, "short")
    scan = ((fit_image(image, frame) / np.float32(255) - mean) / std).astype(np.float64)
    step = side // golden.array(f"{case}/scan_slice").shape[0]
    figures = [scan.mean(), scan.std(), np.linalg.norm(scan), scan.min(), scan.max(), np.abs(scan).sum()]
    mask = as_gif_reads(box_mask(boxes, height, width), "background")
    yield golden.compare(f"{case}/scan_slice", scan[::step, ::step], case)
    yield golden.compare(f"{case}/scan_stats", np.array(figures), case)
    yield golden.compare(f"{case}/boxes", fit_boxes(boxes, frame), case)
    yield golden.compare(f"{case}/classes", np.zeros(len(boxes), dtype=np.int64), case)
    yield golden.compare(f"{case}/mask", np.packbits(fit_mask(mask, frame)), case)


CHECKS = {
    "data_subsets": check_subsets,
    "data_transforms": check_transforms,
    "data_box_masks": check_box_masks,
    "data_siim_rle": check_siim,
    "data_object_cxr": check_object_cxr,
    "data_preprocess": check_preprocess,
    "data_rsna_sample": check_rsna_sample,
}
