"""What a reader of a format says of a folder: its classes, and what is drawn on each image. No image is opened."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from lovt_bench.benchmark.data.own.shapes import Drawing


@dataclass
class AnnotatedImage:
    """One image as a format lists it.

    Attributes:
        source: Path of its file relative to the raw folder, or as it is listed where there is none.
        origin: Where it is listed, for messages: `annotations.json image 12`.
        drawing: What is drawn on it; nothing on a negative.
        masks: Class and mask file, where each class has one.
        indexed: Mask file whose values are classes, counted from 1.
        split: The folder's or file's own word for its split.
        name: Its ID, where the annotations give one.
        problem: Why it cannot be used.
    """

    source: str
    origin: str
    drawing: Drawing = field(default_factory=Drawing)
    masks: list[tuple[int, Path]] = field(default_factory=list)
    indexed: Path | None = None
    split: str = ""
    name: str = ""
    problem: str | None = None

    def flag(self, problem: str) -> None:
        """Say why the image cannot be used; the first reason stays."""
        self.problem = self.problem or problem


SHOWN = 5
"""Classes that a remark names."""


@dataclass(frozen=True)
class Annotated:
    """What a folder holds.

    Attributes:
        classes: In the order of their numbers.
        images: In the order of the annotation files, then of their names.
        label_files: Every file that was read.
        remarks: Sentences about what else was found.
    """

    classes: tuple[str, ...]
    images: list[AnnotatedImage]
    label_files: tuple[Path, ...]
    remarks: tuple[str, ...] = ()

    @property
    def has_outlines(self) -> bool:
        """Whether somebody drew masks: polygons, run lengths or mask files."""
        shapes = (shape for image in self.images for shape in image.drawing.shapes)
        return any(image.masks or image.indexed for image in self.images) or any(
            shape.has_outline for shape in shapes
        )

    @property
    def has_boxes(self) -> bool:
        """Whether there are boxes of single objects."""
        return any(image.drawing.boxed() for image in self.images)

    def with_objects(self) -> Annotated:
        """Return the same with the classes that have an object: one without would count 0 in every mean over classes.

        Where values of mask files are classes, all stay: no image is opened here.
        """
        shapes = {shape.index for image in self.images for shape in image.drawing.shapes}
        used = sorted(shapes | {index for image in self.images for index, _ in image.masks})
        if len(used) in (0, len(self.classes)) or any(image.indexed for image in self.images):
            return self
        place = {index: new for new, index in enumerate(used)}
        for image in self.images:
            moved = [one.model_copy(update={"index": place[one.index]}) for one in image.drawing.shapes]
            image.drawing = image.drawing.model_copy(update={"shapes": moved})
            image.masks = [(place[index], path) for index, path in image.masks]
        empty = [name for index, name in enumerate(self.classes) if index not in place]
        shown = ", ".join(empty[:SHOWN]) + ", …" * (len(empty) > SHOWN)
        remark = f"classes without an object, left out: {len(empty)} ({shown})."
        classes = tuple(self.classes[index] for index in used)
        return replace(self, classes=classes, remarks=(*self.remarks, remark))
