"""`phantom.json`: the marker at the root of every raw folder that the phantom wrote."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from lovt_bench.benchmark.contract.base import Model, Name, Sha256

PHANTOM_FILE = "phantom.json"
"""Name of the marker; a raw folder that holds it makes a store of track `phantom`."""


class PhantomManifest(Model):
    """`phantom.json`. Equal settings and library versions give equal content: no time is in it."""

    schema_version: Literal[1] = 1
    dataset: Name
    """Name of the dataset whose raw layout the folder has."""
    seed: NonNegativeInt
    images: PositiveInt
    """What `--images` asked for: images, for mimic-cxr studies."""
    side: PositiveInt
    """Side in pixels at which the images were drawn."""
    generator: PositiveInt
    """Version of the drawing; a change of any pixel or text raises it."""
    files: PositiveInt
    """Number of files beside this one."""
    files_sha256: Sha256
    """SHA-256 over all other files: lines `<sha256>  <path>` sorted by path, each with a line feed."""
    notice: str = Field(
        default="Synthetic phantom images: no patient, no clinical meaning, not for diagnosis.",
    )
