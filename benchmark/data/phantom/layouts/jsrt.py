"""JSRT with SCR's masks: files of bare 12-bit values that count from white, masks of organs as GIFs of half the size.

The dataset's images have 2048 pixels a side; these have as many as are asked for, so that a set stays small.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from lovt_bench.benchmark.data.phantom.anatomy import Anatomy
from lovt_bench.benchmark.data.phantom.anatomy.bones import CLAVICLE, clavicle
from lovt_bench.benchmark.data.phantom.anatomy.lungs import SIDES, air
from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas
from lovt_bench.benchmark.data.phantom.files import NOTICE
from lovt_bench.benchmark.data.phantom.findings import Request
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder
from lovt_bench.benchmark.data.phantom.layout import Layout, Settings
from lovt_bench.benchmark.data.phantom.scene import Scene, draw_picture

WHITE, STEP = 4095, 16
"""The greatest of 12 bits, and grey values of them for each of the phantom's 8."""
SEEN = 0.05
"""Least share of its greatest air at which a lung is seen."""


def organs(anatomy: Anatomy) -> dict[str, Array]:
    """Return the masks of a chest (H, W) bool, called as SCR's folders are."""
    masks = {"heart": anatomy.heart}
    for side in SIDES:
        lung = air(anatomy.shapes[side], anatomy.x, anatomy.y) > SEEN
        masks[f"{side} lung"] = lung & ~anatomy.heart
        layer = anatomy.canvas.layer()
        layer.line(clavicle(anatomy.patient, side), CLAVICLE, 1.0)
        masks[f"{side} clavicle"] = np.asarray(layer.image) > 0
    return masks


def write(folder: PhantomFolder, index: int, settings: Settings) -> None:
    """Write one image and its five masks; images of odd number are in the first fold. Every second has a nodule."""
    key, side = ("jsrt", index), settings.side // 2 * 2
    requests = (Request("nodule"),) if index % 2 == 0 else ()
    picture = draw_picture(Canvas(side, side), Scene(settings.seed, key, key, key, requests, view="PA"))
    number = index // 2 + 1
    name = f"JPC{'LN' if requests else 'NN'}{number:03d}"
    values = WHITE - STEP * picture.pixels.astype(np.uint16)
    folder.write(f"All247images/{name}.IMG", values.astype(">u2").tobytes())
    fold = "fold1" if number % 2 else "fold2"
    for organ, mask in organs(picture.anatomy).items():
        folder.write(f"scratch/{fold}/masks/{organ}/{name}.gif", _gif(mask[::2, ::2]))


def finish(folder: PhantomFolder, records: Sequence[None], settings: Settings) -> None:
    """Write nothing: the dataset has no table that is read."""
    del folder, records, settings


def _gif(mask: Array) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(buffer, "GIF", comment=NOTICE)
    return buffer.getvalue()


LAYOUT = Layout("jsrt", "JSRT with SCR's masks", 20, write, finish)
