"""TBX11K, boxes of active and of latent tuberculosis (docs/extended.md). The makers keep the labels of their test part:
their validation part is the test split here, and validation images are drawn from their training part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lovt_bench.benchmark.data.annotated_dataset import AnnotatedDataset
from lovt_bench.benchmark.data.drawn import TEST, TRAIN
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.inventory import relative_name
from lovt_bench.benchmark.data.layout import find_tables
from lovt_bench.benchmark.data.own.annotated import Annotated
from lovt_bench.benchmark.data.own.folder import RawFolder
from lovt_bench.benchmark.data.own.formats import coco
from lovt_bench.benchmark.data.own.text import read_annotations

TABLES = {"train": "TBX11K_train.json", "validation": "TBX11K_val.json"}
PARTS = {"train": TRAIN, "validation": TEST}
GUIDE = "docs/extended.md"
CLASSES = ("ActiveTuberculosis", "ObsoletePulmonaryTuberculosis")
UNCERTAIN = "PulmonaryTuberculosis"
"""The third category of the files, which is no class."""


@dataclass(frozen=True)
class Tbx11k(AnnotatedDataset):
    """Raw layout: `annotations/json/TBX11K_train.json`, `TBX11K_val.json`, `imgs/health/*.png`, `sick`, `tb`."""

    notes = ("The labels of the makers' test part are hidden: their validation part is the test split.",)

    name: str = "tbx11k"
    classes: tuple[str, ...] = CLASSES
    has_boxes: bool = True

    def annotated(self, folder: RawFolder) -> Annotated:
        """Return what the two COCO files say; their segmentations repeat the boxes and are not read.

        Raises:
            DataError: Their categories are others: without this, no box would count and all images be negatives.
        """
        paths = find_tables(folder.root, *([name] for name in TABLES.values()), guide=GUIDE)
        contents = {relative_name(path, folder.root): read_annotations(path, coco.LARGEST) for path in paths}
        found = coco.read_files(folder, contents)
        if not set(CLASSES) <= set(found.classes) <= {*CLASSES, UNCERTAIN}:
            raise DataError(
                f"{' and '.join(contents)}: expected the categories {', '.join((*CLASSES, UNCERTAIN))}, found "
                f"{', '.join(found.classes)}; fetch the files again"
            )
        place = {found.classes.index(name): number for number, name in enumerate(CLASSES)}
        others = 0
        for image in found.images:
            kept = [
                shape.model_copy(update={"index": place[shape.index], "polygons": [], "runs": None})
                for shape in image.drawing.shapes
                if shape.index in place
            ]
            others += len(image.drawing.shapes) - len(kept)
            image.drawing = image.drawing.model_copy(update={"shapes": kept})
            image.split = PARTS.get(image.split, image.split)
        remarks = [f"boxes of neither {' nor '.join(CLASSES)}, left out: {others}."] if others else []
        return replace(found, classes=self.classes, remarks=(*found.remarks, *remarks))


PREPARER = Tbx11k()
