"""Decide before any image is opened: which images, in which split and order, from which sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.dataset import (
    SPLIT_NAMES,
    LeftOutImages,
    MasksFrom,
    SplitName,
    Splits,
    Track,
)
from lovt_bench.benchmark.contract.protocol import DataProtocol
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.inventory import grouped, relative_name
from lovt_bench.benchmark.data.layout import is_phantom
from lovt_bench.benchmark.data.official import is_official
from lovt_bench.benchmark.data.samples import Listing, Preparer, Sample
from lovt_bench.benchmark.data.split_files import SplitFile, read_split_files
from lovt_bench.benchmark.disk.digest import file_sha256

FORMAT = 2
"""Raise when the same sources would give another store."""


@dataclass(frozen=True)
class Plan:
    """Everything that decides a store.

    Attributes:
        samples: Train, then validation, then test, each in protocol order.
        split_of: Split of each sample.
        notes: Sentences for `dataset.json`.
        sources_sha256: Digest of all sources; equal digests give equal stores.
        found: Images that lie in the raw folder or that label files or split files list.
        left_out: Those that are not among the samples.
        remarks: Sentences about what else was found.
        patients_known: Whether equal patients have equal identifiers.
        masks_from: Of own data, where its masks come from.
    """

    samples: tuple[Sample, ...]
    split_of: tuple[SplitName, ...]
    splits: Splits
    split_seed: int | None
    track: Track
    notes: tuple[str, ...]
    sources_sha256: str
    found: int
    left_out: tuple[LeftOutImages, ...]
    remarks: tuple[str, ...]
    patients_known: bool
    masks_from: MasksFrom | None

    def ids(self) -> dict[SplitName, list[str]]:
        """Return the IDs of each split, in order."""
        found: dict[SplitName, list[str]] = {split: [] for split in SPLIT_NAMES}
        for sample, split in zip(self.samples, self.split_of, strict=True):
            found[split].append(sample.id)
        return found


def make_plan(preparer: Preparer, raw: Path, splits_dir: Path | None, protocol: DataProtocol) -> Plan:
    """Read the label files and split files of a dataset and decide what its store will hold.

    Images that cannot be used are part of the plan with their problem (`Sample.problem`).

    Raises:
        DataError: Label files or split files are missing or malformed, or a split would be empty.
    """
    if not raw.is_dir():
        raise DataError(f"{raw}: no such folder; --raw names the folder of the raw {preparer.name} files")
    listing = preparer.scan(raw)
    if not listing.samples:
        why = "; ".join(f"{one.images}: {one.reason}" for one in listing.left_out)
        raise DataError(
            f"{raw}: no image of {preparer.name} found ({why or 'the tables have no rows'}); "
            "docs/data.md shows the layout"
        )
    first = next(iter(listing.samples.values())).image
    track: Track = "public" if listing.masks_from is None else "own"
    if is_phantom(raw, [*listing.label_files, first]):
        track = "phantom"
    notes = list(listing.notes)
    seed = None
    splits: Splits = "given"
    if splits_dir is None:
        ids = listing.given
        if ids is None:
            seed, splits = protocol.split_seed, "seeded"
            ids = preparer.draw(list(listing.samples.values()), protocol, seed)
            notes.append(f"No split files given: splits drawn by the protocol's rule with seed {seed}.")
        chosen = {split: [listing.samples[name] for name in ids[split]] for split in SPLIT_NAMES}
    else:
        files = read_split_files(splits_dir)
        splits = "official" if is_official(preparer.name, {s: f.ids for s, f in files.items()}) else "given"
        chosen = {
            split: _from_file(split, files[split], listing, preparer, protocol) for split in SPLIT_NAMES
        }
        notes = [] if splits == "official" else ["Splits from files that are not the published ones."]
    if empty := [split for split in SPLIT_NAMES if not chosen[split]]:
        raise DataError(f"{raw}: {len(listing.samples)} images leave nothing for {', '.join(empty)}")
    samples = tuple(sample for split in SPLIT_NAMES for sample in chosen[split])
    split_of = tuple(split for split in SPLIT_NAMES for _ in chosen[split])
    sources = _sources(samples, split_of, listing.label_files, raw, protocol, preparer.name)
    names = {sample.id for sample in samples}
    unused = [name for name in listing.samples if name not in names]
    why = "not drawn by the protocol's rule" if splits_dir is None else "not in the split files"
    return Plan(
        samples=samples,
        split_of=split_of,
        splits=splits,
        split_seed=seed,
        track=track,
        notes=tuple(notes),
        sources_sha256=sources,
        found=listing.found + len(names - listing.samples.keys()),
        left_out=(*listing.left_out, *([grouped(why, unused)] if unused else [])),
        remarks=listing.remarks,
        patients_known=listing.patients_known,
        masks_from=listing.masks_from,
    )


def _from_file(
    split: SplitName, file: SplitFile, listing: Listing, preparer: Preparer, protocol: DataProtocol
) -> list[Sample]:
    chosen = []
    for number, name in enumerate(file.ids, start=1):
        origin = f"{split}.csv row {number}"
        sample = listing.samples.get(name)
        if sample is None:
            problem = f"{origin}: ID {name} is not among the raw files"
            chosen.append(Sample(name, Path(name), origin, name, problem=problem))
            continue
        if file.boxes is not None and sample.problem is None and preparer.has_boxes:
            # Split files hold boxes as published, whatever the protocol makes of them.
            published = protocol.model_copy(update={"object_cxr_boxes": "exchanged"})
            own = preparer.stored_boxes(np.array(sample.boxes).reshape(-1, 4), published)
            if own.shape != file.boxes[number - 1].shape or not np.allclose(own, file.boxes[number - 1]):
                problem = f"{origin}: {len(file.boxes[number - 1])} boxes differ from the {len(own)} raw ones"
                sample = replace(sample, problem=problem)
        chosen.append(sample)
    return chosen


def _sources(
    samples: Sequence[Sample],
    split_of: Sequence[SplitName],
    label_files: Sequence[Path],
    raw: Path,
    protocol: DataProtocol,
    name: str,
) -> str:
    """Return a digest without opening an image: files count by name, size and time of change."""

    def state(path: Path | None) -> list[object]:
        if path is None or not path.is_file():
            return []
        known = path.stat()
        return [relative_name(path, raw), known.st_size, known.st_mtime_ns]

    content: Mapping[str, object] = {
        "format": FORMAT,
        "name": name,
        "protocol": protocol.model_dump(mode="json"),
        "labels": [[path.name, file_sha256(path)] for path in label_files],
        "images": [
            [
                *(sample.id, split, sample.problem, *state(sample.image), *state(sample.mask)),
                *([kind, *state(mask)] for kind, mask in sample.class_masks),
            ]
            for sample, split in zip(samples, split_of, strict=True)
        ],
    }
    return digest_of(content)
