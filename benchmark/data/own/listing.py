"""What a format says of a folder as the samples of a dataset, each under an ID of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lovt_bench.benchmark.data.own.annotated import Annotated, AnnotatedImage
from lovt_bench.benchmark.data.own.folder import RawFolder
from lovt_bench.benchmark.data.own.image_ids import image_ids
from lovt_bench.benchmark.data.person import UNKNOWN, Person
from lovt_bench.benchmark.data.samples import Collector, Sample


def samples_of(
    folder: RawFolder, annotated: Annotated, people: Mapping[str, Person]
) -> tuple[dict[str, Sample], dict[str, str]]:
    """Return the samples, and the path of each relative to the raw folder, by ID.

    Args:
        people: Whom images show, by path relative to the raw folder; others show nobody who is known.
    """
    found = Collector()
    sources: dict[str, str] = {}
    names = image_ids({image.source for image in annotated.images})
    for image in annotated.images:
        name = image.name or names[image.source]
        found.add(_sample(folder, name, image, people.get(image.source, UNKNOWN)))
        sources.setdefault(name, image.source)
    return found.samples, sources


def mask_paths(samples: Mapping[str, Sample]) -> set[Path]:
    """Return the mask files of samples."""
    several = {path for sample in samples.values() for _, path in sample.class_masks}
    return several | {sample.mask for sample in samples.values() if sample.mask}


def _sample(folder: RawFolder, name: str, image: AnnotatedImage, person: Person) -> Sample:
    return Sample(
        id=name,
        image=folder.root / image.source,
        origin=image.origin,
        patient=person.patient or name,
        pool=image.split,
        box_classes=tuple(shape.index for shape in image.drawing.boxed()),
        annotations=(image.drawing.model_dump_json(),),
        mask=image.indexed,
        class_masks=tuple(image.masks),
        problem=image.problem,
        person=person,
    )
