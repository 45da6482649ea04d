"""A public dataset by what its reader makes of its files: the same that readers of own data make of theirs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from lovt_bench.benchmark.data.drawn import PartedDataset
from lovt_bench.benchmark.data.own.annotated import Annotated
from lovt_bench.benchmark.data.own.folder import RawFolder
from lovt_bench.benchmark.data.own.listing import mask_paths, samples_of
from lovt_bench.benchmark.data.person import Person
from lovt_bench.benchmark.data.samples import Listing


@dataclass(frozen=True)
class AnnotatedDataset(PartedDataset, ABC):
    """Its images say their part, `train` or `test`, as `split`."""

    notes: ClassVar[tuple[str, ...]] = ()
    """Sentences about what decides the content of the store."""

    @abstractmethod
    def annotated(self, folder: RawFolder) -> Annotated:
        """Return what the files of a folder say, with classes in the order of `classes`.

        Raises:
            DataError: A file is missing or breaks its format.
        """

    def people(self, found: Annotated) -> Mapping[str, Person]:
        """Return whom images show, by path relative to the raw folder."""
        del found
        return {}

    def scan(self, raw: Path) -> Listing:
        """List the images that the annotations name."""
        folder = RawFolder(raw)
        found = self.annotated(folder)
        samples, sources = samples_of(folder, found, self.people(found))
        used, besides = set(sources.values()), {*found.label_files, *mask_paths(samples)}
        left_out = folder.unlisted(used, besides, "no image of the annotations")
        return Listing(
            samples=samples,
            label_files=found.label_files,
            notes=self.notes,
            found=len(samples) + sum(one.images for one in left_out),
            left_out=tuple(left_out),
            remarks=found.remarks,
            patients_known=bool(samples) and all(one.person.patient for one in samples.values()),
        )
